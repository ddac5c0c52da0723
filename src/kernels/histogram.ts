import type { AnnNeurons } from '../ann/ann.ts';
import { areaOf, cellsOf } from './geometry.ts';
import { type Dispatch, PLAIN } from './kernel.ts';

/** Distribution of a layer's positive activations (`shaders/histogram.wgsl`). @param first the layer's first bin */
export const histogram = (layer: AnnNeurons, l: number, batch: number, source: number, first: number): Dispatch => ({
  ...PLAIN,
  kernel: 'histogram',
  layer: l,
  name: layer.name,
  parameters: { channels: layer.shape.channels, area: areaOf(layer.shape), batch, source, first },
  invocations: cellsOf(layer.shape) * batch,
});
