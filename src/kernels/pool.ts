import { sourceShape } from '../ann/ann.ts';
import type { SpikingPool } from '../network/network.ts';
import type { Region } from '../plan/words/regions.ts';
import { cellsOf, quadsOf, windowParameters } from './geometry.ts';
import { type Dispatch, PLAIN } from './kernel.ts';
import type { WordsContext } from './words.ts';

/** Maximum or sum of words over windows (`shaders/pool.wgsl`). */
export function pool({ network, regions, batch, waves }: WordsContext, layer: SpikingPool, l: number): Dispatch {
  const source = regions.regions[layer.source + 1] as Region;
  const from = sourceShape(network, layer.source);
  const region = regions.regions[l + 1] as Region;
  return {
    ...PLAIN,
    kernel: 'pool',
    layer: l,
    name: layer.name,
    variant: { maximum: layer.mode === 'max' },
    parameters: {
      ...layer.shape,
      batch,
      source: source.first,
      sourceWaveStride: source.waveStride,
      sourceHeight: from.height,
      sourceWidth: from.width,
      destination: region.first,
      waveStride: region.waveStride,
      planes: region.planes,
      ...windowParameters(layer.window),
      phases: region.phases,
    },
    invocations: cellsOf(layer.shape) * batch,
    tiles: waves * quadsOf(region.phases),
  };
}
