import { type Ann, type AnnLayer, type AnnNeurons, type AnnReadout, INPUT, type Shape } from '../ann/ann.ts';
import type { SpikingNetwork } from '../network/network.ts';
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

/**
 * The trained network with effects of its conversion. Pure.
 * @param network what `quantize` made of it: layer for layer the same
 */
export function withEffects(ann: Ann, network: SpikingNetwork, has: HasEffect): Ann {
  const layers: AnnLayer[] = [];
  const place: number[] = [];
  const moved = (source: number): number => (source === INPUT ? INPUT : place[source]);
  for (const [l, layer] of ann.layers.entries()) {
    if (layer.kind === 'pool') layers.push({ ...layer, source: moved(layer.source) });
    else {
      const own = has(l, 'weights') ? onGrid(network, l, layer) : layer;
      const terms = own.terms.map((term) => ({ ...term, source: moved(term.source) }));
      layers.push({ ...own, terms });
      if (own.kind === 'neurons') layers.push(...asWords(network, l, layers.length - 1, own, has));
    }
    place.push(layers.length - 1);
  }
  return { ...ann, layers };
}

/** A layer with the weights and biases that its integers stand for. */
function onGrid<L extends AnnNeurons | AnnReadout>(network: SpikingNetwork, l: number, layer: L): L {
  const spiking = network.layers[l] as GridLayer;
  const terms = spiking.terms.map((term) => realTerm(network, spiking, term));
  const left = leftOver(network, layer.shape, terms);
  const bias = Float32Array.from(realBias(spiking), (b, o) => b + left[o]);
  return { ...layer, terms, bias };
}

/** What biases have taken from the input, whose zero points are whole numbers: Σ W · (255·mean − [255·mean]) / (255·std) (section 7). */
function leftOver({ input }: SpikingNetwork, { channels }: Shape, terms: AnnNeurons['terms']): Float64Array {
  const rest = input.mean.map((m, c) => (255 * m - input.units.zero[c]) / (255 * input.std[c]));
  const sums = new Float64Array(channels);
  for (const { source, operator } of terms) {
    if (source !== INPUT) continue;
    const inputs = operator.type === 'identity' ? 1 : input.shape.channels / operator.groups;
    const columns = operator.weights.length / channels;
    operator.weights.forEach((w, i) => {
      const o = Math.floor(i / columns);
      const group = operator.type === 'identity' ? o : Math.floor(o / (channels / operator.groups)) * inputs;
      sums[o] += w * rest[group + Math.floor(((i % columns) * inputs) / columns)];
    });
  }
  return sums;
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
  const { unit, most } = network.layers[l].units;
  const down = rounds && network.initial === 'zero' ? -0.5 : 0;
  const steps: [weight: (o: number) => number, bias: number, ceiling: number][] = [
    [(o) => 1 / unit[o], down, clips ? most : Infinity],
    ...(rounds
      ? ([
          [() => 1, WHOLE, Infinity],
          [() => 1, -WHOLE, Infinity],
        ] as typeof steps)
      : []),
    [(o) => unit[o], 0, Infinity],
  ];
  return steps.map(([weight, bias, ceiling], i) => ({
    kind: 'neurons',
    name,
    shape,
    terms: [
      {
        source: at + i,
        operator: { type: 'identity', weights: Float32Array.from({ length: shape.channels }, (_, o) => weight(o)) },
      },
    ],
    bias: new Float32Array(shape.channels).fill(bias),
    ceiling,
  }));
}
