import type { SpikingReadout } from '../network/network.ts';
import { readoutPhases } from '../network/timetable.ts';
import { layerMacs } from '../network/work.ts';
import { quadsOf, tilesOf } from './geometry.ts';
import type { Dispatch, Share } from './kernel.ts';
import { layerParameters, type WordsContext } from './words.ts';

/** The last layer: potentials after every step that brings spikes, a dispatch for every share of its weights (`shaders/readout.wgsl`). */
export function readout(
  context: WordsContext,
  layer: SpikingReadout,
  l: number,
  shares: readonly Share[],
  table: Share,
): Dispatch[] {
  const { network, batch, waves } = context;
  const kinds = layer.terms.map(({ operator }) => operator.type);
  const common = layerParameters(context, layer, l, kinds, 1);
  const macs = layerMacs(layer) * batch * waves;
  return shares.map(
    (share): Dispatch => ({
      kernel: 'readout',
      layer: l,
      name: layer.name,
      variant: {},
      parameters: { ...common, firstTile: share.first, tiles: share.tiles },
      ranges: { weights: share.range, channels: table.range },
      invocations: waves * quadsOf(readoutPhases(network.timetable)) * batch,
      tiles: share.tiles,
      macs: (macs * share.tiles) / tilesOf(layer.shape.channels),
    }),
  );
}
