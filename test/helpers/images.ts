import { type ImageSource, readImages } from '../../src/run/source.ts';

/** Pixels of all images of a source, or of the first of them. */
export const pixelsOf = (source: ImageSource, count: number = source.count): Promise<Uint8Array> => readImages(source, 0, count);
