import type { Shape } from '../../src/ann/ann.ts';
import { type LabelledSource, readImages } from '../../src/run/source.ts';

/** Labelled images in memory, as all peers are given them. */
export interface Images {
  readonly count: number;
  readonly shape: Shape;
  /** [image][channel][y][x], 0…255. */
  readonly pixels: Uint8Array;
  readonly labels: Uint16Array;
}

/** All images of a source. */
export async function imagesOf(source: LabelledSource): Promise<Images> {
  const { count, shape, labels } = source;
  return { count, shape, pixels: await readImages(source, 0, count), labels: Uint16Array.from(labels) };
}
