/** What the kernels of the windowed engine that have weights share: terms over words (`shaders/lib/layer.wgsl`). */
import { INPUT, sourceShape } from '../ann/ann.ts';
import type { StructValues } from '../gpu/shader.ts';
import { phasesAt, type SpikingNetwork } from '../network/network.ts';
import { readoutPhases } from '../network/timetable.ts';
import type { Region, Regions } from '../plan/words/regions.ts';
import { checkTerms, POINT, sourceParameters, tileGeometry, windowParameters } from './geometry.ts';
import { KIND, type Kind } from './ways.ts';
import { layChannels, layWeights, type WeightedLayer, type WeightLayout } from './weights.ts';

/** What all dispatches of a windowed plan have in common. */
export interface WordsContext {
  readonly network: SpikingNetwork;
  readonly regions: Regions;
  /** Images in the layout. */
  readonly batch: number;
  /** Words that every layer sends. */
  readonly waves: number;
}

/** `MAX_TERMS` of the shader. */
const MAX_TERMS = 128;

/**
 * The parameter struct `Layer`, but for the tiles of a dispatch.
 * @param kinds how each term is summed
 * @param columns pixels (or images) of one invocation
 * @param layout how its weights lie
 */
export function layerParameters(
  { network, regions, batch, waves }: WordsContext,
  layer: WeightedLayer,
  l: number,
  kinds: readonly Kind[],
  columns: number,
  layout: WeightLayout = layWeights(network, layer),
): StructValues {
  const region = regions.regions[l + 1];
  const term = termsOf(network, regions, layer, kinds, layout);
  return {
    ...layer.shape,
    batch,
    ...tileGeometry(layer.shape.width, batch, columns),
    tileWeights: layout.tileWords / 4,
    destination: region?.first ?? 0,
    waveStride: region?.waveStride ?? 0,
    waves,
    window: readoutPhases(network.timetable),
    maxWord: layer.units.most,
    channelBase: 0,
    counter: l,
    terms: term.length,
    term,
  };
}

/** One term for every plane of bytes of every source. */
function termsOf(
  network: SpikingNetwork,
  regions: Regions,
  layer: WeightedLayer,
  kinds: readonly Kind[],
  { termOffsets, termBlocks }: WeightLayout,
): StructValues[] {
  const { rows } = layChannels(layer);
  // neurons read whole words; only the readout looks at their prefixes
  const isReadout = layer.kind === 'readout';
  const terms = layer.terms.flatMap(({ operator, source }, t) => {
    const region = regions.regions[source + 1] as Region;
    const groups = operator.type === 'identity' ? 1 : operator.groups;
    const common = {
      kind: KIND[kinds[t]],
      ...sourceParameters(sourceShape(network, source), layer.shape.channels, groups),
      row: rows[t],
      weights: Math.max(0, termOffsets[t]) / 4,
      ...windowParameters(operator.type === 'identity' ? POINT : operator.window),
      blocks: termBlocks[t],
      waveStride: isReadout ? region.waveStride : region.waveStride * region.phases,
      phases: isReadout ? region.phases : 1,
      bits: source === INPUT ? 8 : phasesAt(network, source),
      pad: region.pad,
      padStride: region.padStride,
    };
    const first = region.first + (isReadout ? 0 : (region.phases - 1) * region.waveStride);
    return Array.from({ length: region.planes }, (_, plane) => ({
      ...common,
      source: first + plane * region.planeStride,
      shift: 8 * plane,
    }));
  });
  checkTerms(layer.name, terms.length, MAX_TERMS);
  return terms;
}
