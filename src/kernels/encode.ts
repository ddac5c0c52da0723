import { INPUT, type Shape } from '../ann/ann.ts';
import { areaOf, cellsOf } from './geometry.ts';
import { type Dispatch, PLAIN } from './kernel.ts';

/** Pixels → words of the input (`shaders/encode.wgsl`). @param destination first word of the input's */
export const encode = (shape: Shape, batch: number, destination: number): Dispatch => ({
  ...PLAIN,
  kernel: 'encode',
  layer: INPUT,
  name: 'input',
  parameters: { channels: shape.channels, area: areaOf(shape), batch, destination },
  invocations: cellsOf(shape) * batch,
});
