import type { AnnNeurons } from '../ann/ann.ts';
import { areaOf, cellsOf } from './geometry.ts';
import { type Dispatch, PLAIN } from './kernel.ts';

/** What a histogram reads and where it counts. */
export interface Counted {
  /** Index of the layer. */
  readonly l: number;
  /** Images in the layout. */
  readonly batch: number;
  /** First cell of the layer. */
  readonly source: number;
  /** Its first bin. */
  readonly first: number;
  /** The first of its channels' maxima; null where none are kept. */
  readonly maxima: number | null;
}

/**
 * Distribution of a layer's positive activations (`shaders/histogram.wgsl`): of all together, noting the greatest value of each channel
 * where that is wanted; or `byChannel`, below these.
 */
export const histogram = (layer: AnnNeurons, { l, batch, source, first, maxima }: Counted, byChannel: boolean): Dispatch => ({
  ...PLAIN,
  kernel: 'histogram',
  layer: l,
  name: layer.name,
  variant: { byChannel, maxima: maxima !== null },
  parameters: { channels: layer.shape.channels, area: areaOf(layer.shape), batch, source, first, maxima: maxima ?? 0 },
  invocations: cellsOf(layer.shape) * batch,
});
