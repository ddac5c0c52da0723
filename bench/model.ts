import { shapeSize, sourcesOf } from '../src/ann/ann.ts';
import { cellsOf, tilesOf } from '../src/kernels/geometry.ts';
import { layWeights } from '../src/kernels/weights.ts';
import type { SpikingNetwork } from '../src/network/network.ts';
import type { WordsProgram } from '../src/plan/words/plan.ts';
import { planesOf } from '../src/plan/words/regions.ts';

/** What a card can do, as it is given or measured. */
export interface Card {
  readonly name: string;
  /** 10^9 multiply-adds a second of the unit that convolutions run on, at its peak. */
  readonly gmacs: number;
  /** 10^9 bytes a second, read and written, from and to its memory. */
  readonly gbps: number;
  /** From one dispatch to the next that waits for it, in microseconds. */
  readonly dispatchUs: number;
  /** 10^9 bytes a second from the host to the card. */
  readonly uploadGbps: number;
}

/** What one layer (−1: the input) costs a batch at least. */
export interface LayerCost {
  readonly layer: number;
  readonly name: string;
  /** Multiply-adds of all waves; of sums of pixels once. */
  readonly macs: number;
  /** Bytes that come from or go to memory where each is read once: words of its sources and its own, weights, what is uploaded or read back. */
  readonly bytes: number;
  readonly dispatches: number;
}

/** What bounds a network on a card. Seconds are of one batch. */
export interface Foreseen {
  /** Σ over layers of max(multiply-adds / rate, bytes / rate), and the dispatches. */
  readonly gpuSeconds: number;
  /** Of that the layers that multiply-adds bound, those that bytes bound, and dispatches. */
  readonly parts: { readonly macs: number; readonly bytes: number; readonly dispatches: number };
  /** The pixels of a batch, which are under way while the one before is computed. */
  readonly uploadSeconds: number;
  readonly imagesPerSecond: number;
}

/** The costs of a plan, layer by layer. Pure. */
export function costs(network: SpikingNetwork, { dispatches, batch, waves, results }: WordsProgram): LayerCost[] {
  const bytesOf = (l: number): number => {
    const { shape, units } = l < 0 ? network.input : network.layers[l];
    return 4 * cellsOf(shape) * batch * planesOf(units.most) * (l < 0 ? 1 : waves);
  };
  const pixels = shapeSize(network.input.shape) * batch;
  const input = { layer: -1, name: 'input', macs: 0, bytes: pixels + bytesOf(-1), dispatches: 1 };
  return [
    input,
    ...network.layers.map((layer, l): LayerCost => {
      const own = dispatches.filter((dispatch) => dispatch.layer === l);
      const sources = sourcesOf(layer).reduce((sum, source) => sum + bytesOf(source), 0);
      const weights = layer.kind === 'pool' ? 0 : 4 * layWeights(network, layer).tileWords * tilesOf(layer.shape.channels);
      const given = layer.kind === 'readout' ? results[0].size : bytesOf(l);
      // sums of pixels are the same in every wave and computed once
      const macs = own.reduce((sum, dispatch) => sum + dispatch.macs / (dispatch.variant.pixels ? waves : 1), 0);
      return { layer: l, name: layer.name, macs, bytes: sources + weights + given, dispatches: own.length };
    }),
  ];
}

/** What a plan should reach on a card: no kernel is faster than its unit or its bytes, no dispatch is free, no upload either. Pure. */
export function foresee(layers: readonly LayerCost[], batch: number, pixels: number, card: Card): Foreseen {
  const parts = { macs: 0, bytes: 0, dispatches: 0 };
  for (const { macs, bytes, dispatches } of layers) {
    const [counting, moving] = [macs / card.gmacs / 1e9, bytes / card.gbps / 1e9];
    if (counting >= moving) parts.macs += counting;
    else parts.bytes += moving;
    parts.dispatches += (dispatches * card.dispatchUs) / 1e6;
  }
  const gpuSeconds = parts.macs + parts.bytes + parts.dispatches;
  const uploadSeconds = (pixels * batch) / card.uploadGbps / 1e9;
  return { gpuSeconds, parts, uploadSeconds, imagesPerSecond: batch / Math.max(gpuSeconds, uploadSeconds) };
}
