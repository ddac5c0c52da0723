import { INPUT, type Shape } from '../ann/ann.ts';
import { areaOf, cellsOf } from './geometry.ts';
import { type Dispatch, PLAIN } from './kernel.ts';

/** Pixels → normalised activations (`shaders/ann-encode.wgsl`). @param destination first cell of the input's @param exact in integers */
export const annEncode = (shape: Shape, batch: number, destination: number, exact: boolean): Dispatch => ({
  ...PLAIN,
  kernel: 'ann-encode',
  layer: INPUT,
  name: 'input',
  variant: { exact },
  parameters: { channels: shape.channels, area: areaOf(shape), batch, destination },
  invocations: cellsOf(shape) * batch,
});
