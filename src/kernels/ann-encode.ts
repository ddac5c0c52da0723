import type { Shape } from '../ann/ann.ts';
import { encode } from './encode.ts';
import type { Dispatch } from './kernel.ts';

/** Pixels → normalised activations (`shaders/ann-encode.wgsl`). @param destination first cell of the input's */
export const annEncode = (shape: Shape, batch: number, destination: number): Dispatch => ({
  ...encode(shape, batch, destination),
  kernel: 'ann-encode',
});
