import { INPUT, type Shape } from '../ann/ann.ts';
import { WORKGROUP } from '../gpu/bind.ts';
import { areaOf, blocksOf } from './geometry.ts';
import { type Dispatch, PLAIN } from './kernel.ts';

/** Pixels → words of the input (`shaders/encode.wgsl`). @param destination first word of the input's */
export function encode(shape: Shape, batch: number, destination: number): Dispatch {
  const images = 2 ** Math.min(3, Math.ceil(Math.log2(batch)));
  // an invocation has four pixels of a block of channels
  const cells = blocksOf(shape.channels) * Math.ceil(areaOf(shape) / 4);
  return {
    ...PLAIN,
    kernel: 'encode',
    layer: INPUT,
    name: 'input',
    parameters: { channels: shape.channels, area: areaOf(shape), batch, destination, images },
    invocations: WORKGROUP * Math.ceil(batch / images) * Math.ceil((cells * images) / WORKGROUP),
  };
}
