import type { AnnNeurons } from '../ann/ann.ts';
import { BINS, CHANNEL_BINS } from '../ann/statistics.ts';
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
  /** Of a layer: its place among those that are counted. Of channels: the first one's among those that are held together. */
  readonly first: number;
  /** The first of its channels' maxima. */
  readonly maxima: number;
}

/**
 * Distribution of a layer's positive activations (`shaders/histogram.wgsl`): of all together, noting the greatest integer of each channel;
 * or `byChannel`, below these.
 */
export const histogram = (layer: AnnNeurons, { l, batch, source, first, maxima }: Counted, byChannel: boolean): Dispatch => ({
  ...PLAIN,
  kernel: 'histogram',
  layer: l,
  name: layer.name,
  variant: { byChannel },
  parameters: {
    channels: layer.shape.channels,
    area: areaOf(layer.shape),
    batch,
    source,
    first: byChannel ? first * CHANNEL_BINS : 0,
    maxima,
  },
  // all layers' together may be more than a binding takes
  ranges: byChannel ? {} : { bins: { offset: first * BINS * 4, size: BINS * 4 } },
  invocations: cellsOf(layer.shape) * batch,
});
