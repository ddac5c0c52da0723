import type { Ann, Shape } from '../../src/ann/ann.ts';
import type { DataSet } from '../../src/data/data-set.ts';
import { type ImageSource, type LabelledSource, pixelsSource } from '../../src/run/source.ts';

export const shape = (channels: number, height: number, width: number): Shape => ({ channels, height, width });

/** Images whose pixels all are the image's number, plus `first`; labels 0, 1, 2, 0, … */
export function numbered(count: number, of: Shape, first = 0): LabelledSource {
  const size = of.channels * of.height * of.width;
  return pixelsSource(
    Uint8Array.from({ length: count * size }, (_, i) => first + Math.floor(i / size)),
    of,
    Uint16Array.from({ length: count }, (_, i) => i % 3),
  );
}

/** A data set of numbered images. */
export const dataSet = (evaluation: LabelledSource, training: ImageSource | null = null): DataSet => ({
  name: 'numbered',
  classes: ['a', 'b', 'c'],
  mean: new Array(evaluation.shape.channels).fill(0.5),
  std: new Array(evaluation.shape.channels).fill(0.25),
  evaluation,
  training,
});

/** A network of one linear layer. */
export const linear = (input: Shape, classes: number): Ann => ({
  name: 'linear',
  input,
  layers: [{ kind: 'readout', name: 'readout', shape: shape(classes, 1, 1), terms: [], bias: new Float32Array(classes) }],
});
