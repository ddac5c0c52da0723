import { type Ann, type AnnLayer, type AnnNeurons, type AnnReadout, INPUT, sourcesOf } from '../ann/ann.ts';
import type { SpikingNetwork, SpikingNeurons } from '../network/network.ts';
import { foldedBias } from '../quantize/grid.ts';
import { type GridLayer, realBias, realTerm } from './grid.ts';

/**
 * What conversion does to a layer, one thing at a time, each as a trained network that a session of f32 runs like any other:
 *
 *     clipping    a → min(a, largest word · unit)
 *     rounding    a → [a / unit] · unit (rounded down where membranes start at zero)
 *     weights     W, b → those that the grid's integers stand for
 *
 * With all of them in all layers it is the network of K-bit words that one wave of bistable neurons computes; what the spikes' times
 * add is the rest.
 */
export const EFFECTS = ['clipping', 'rounding', 'weights'] as const;
export type Effect = (typeof EFFECTS)[number];

/** Whether an effect is there in a layer. */
export type HasEffect = (layer: number, effect: Effect) => boolean;

/** A trained network with effects, and the mean and standard deviation of pixels / 255 that it is to be run with. */
export interface AffectedAnn {
  readonly ann: Ann;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * The trained network with effects of its conversion, on pixels as the spiking one takes them. That zero points of the input are whole numbers, [255·mean], belongs to the
 * weights of the layers that read it. Pure.
 * @param network what `quantize` made of it: layer for layer the same
 */
export function withEffects(ann: Ann, network: SpikingNetwork, has: HasEffect): AffectedAnn {
  const { mean, std, units } = network.input;
  const { preprocessing: _, ...rest } = ann;
  const whole = ann.layers.some((layer, l) => sourcesOf(layer).includes(INPUT) && has(l, 'weights'));
  const layers: AnnLayer[] = [];
  const place: number[] = [];
  const moved = (source: number): number => (source === INPUT ? INPUT : place[source]);
  for (const [l, layer] of ann.layers.entries()) {
    if (layer.kind === 'pool') layers.push({ ...layer, source: moved(layer.source) });
    else {
      const trained = has(l, 'rounding') ? unrounded(layer) : layer;
      const own = has(l, 'weights') ? onGrid(network, l, trained) : whole ? forWholeZeros(network, trained) : trained;
      const terms = own.terms.map((term) => ({ ...term, source: moved(term.source) }));
      layers.push({ ...own, terms });
      if (own.kind === 'neurons') layers.push(...asWords(network, l, layers.length - 1, own, has));
    }
    place.push(layers.length - 1);
  }
  return { ann: { ...rest, layers }, mean: whole ? Array.from(units.zero, (zero) => zero / 255) : mean, std };
}

/** A layer with the weights and biases that its integers stand for. */
function onGrid<L extends AnnNeurons | AnnReadout>(network: SpikingNetwork, l: number, layer: L): L {
  const spiking = network.layers[l] as GridLayer;
  return { ...layer, terms: spiking.terms.map((term) => realTerm(network, spiking, term)), bias: realBias(spiking) };
}

/** A layer as it was trained, with biases for an input whose zero points are whole numbers (section 7). */
function forWholeZeros<L extends AnnNeurons | AnnReadout>({ input }: SpikingNetwork, layer: L): L {
  return { ...layer, bias: Float32Array.from(foldedBias(layer, input)) };
}

/** A layer without a quantised activation's own rounding, in whose place the words' comes. */
function unrounded<L extends AnnNeurons | AnnReadout>(layer: L): L {
  if (!('bits' in layer)) return layer;
  const { bits: _, ...rest } = layer;
  return rest as L;
}

/** f32 has whole numbers alone from here on: what is added to it is rounded. */
const WHOLE = 2 ** 23;

/**
 * Layers behind one of neurons that make words of its activations and activations of these: in units of a word, clipped; rounded, by
 * an addition that leaves f32 no room for a fraction; and back. None where neither is asked for.
 */
function asWords(network: SpikingNetwork, l: number, at: number, { name, shape }: AnnNeurons, has: HasEffect): AnnNeurons[] {
  const [clips, rounds] = [has(l, 'clipping'), has(l, 'rounding')];
  if (!clips && !rounds) return [];
  const { gridBits, units } = network.layers[l] as SpikingNeurons;
  const down = network.initial === 'zero' ? -0.5 : 0;
  // sums of integers often lie in the middle of two words, where the sums of f32 lie on either side: half of a grid's step up
  const up = (o: number) => (has(l, 'weights') ? 2 ** -(gridBits[o] + 1) : 0);
  const step = (i: number, weight: (o: number) => number, bias: (o: number) => number, ceiling = Infinity): AnnNeurons => {
    const numbers = (of: (o: number) => number) => Float32Array.from({ length: shape.channels }, (_, o) => of(o));
    const terms = [{ source: at + i, operator: { type: 'identity', weights: numbers(weight) } as const }];
    return { kind: 'neurons', name, shape, terms, bias: numbers(bias), ceiling };
  };
  const scaled = step(
    0,
    (o) => 1 / units.unit[o],
    (o) => (rounds ? down + up(o) : 0),
    clips ? units.most : Infinity,
  );
  const back = (i: number) =>
    step(
      i,
      (o) => units.unit[o],
      () => 0,
    );
  if (!rounds) return [scaled, back(1)];
  return [
    scaled,
    step(
      1,
      () => 1,
      () => WHOLE,
    ),
    step(
      2,
      () => 1,
      () => -WHOLE,
    ),
    back(3),
  ];
}
