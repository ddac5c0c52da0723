import { INPUT, type Shape } from '../ann/ann.ts';
import { areaOf, cellsOf } from './geometry.ts';
import { type Dispatch, PLAIN } from './kernel.ts';

/** Pixels → normalised activations (`shaders/ann-encode.wgsl`). @param destination first cell of the input's */
export const annEncode = (shape: Shape, batch: number, destination: number): Dispatch => ({
  ...PLAIN,
  kernel: 'ann-encode',
  layer: INPUT,
  name: 'input',
  parameters: { channels: shape.channels, area: areaOf(shape), batch, destination },
  invocations: cellsOf(shape) * batch,
});
