import { type Ann, type AnnLayer, type AnnTerm, INPUT } from '../../src/ann/ann.ts';

/** What the activations of each channel of a layer are multiplied by; of pools it is their source's. */
export type Factors = (layer: number, channel: number) => number;

/**
 * The same function with other activations within: channel c of layer l is `factors(l, c)` times as large, and whoever reads it takes
 * that back. Exact in f32 where factors are powers of two.
 */
export function rescaled(ann: Ann, factors: Factors): Ann {
  const of = (source: number, c: number): number => {
    if (source === INPUT) return 1;
    const layer = ann.layers[source];
    return layer.kind === 'pool' ? of(layer.source, c) : factors(source, c);
  };
  const layers = ann.layers.map((layer, l): AnnLayer => {
    if (layer.kind === 'pool') return layer;
    const own = (o: number) => (layer.kind === 'readout' ? 1 : factors(l, o));
    const terms = layer.terms.map((term) => rescaledTerm(term, layer.shape.channels, (c) => of(term.source, c), own));
    return { ...layer, bias: layer.bias.map((b, o) => b * own(o)), terms };
  });
  return { ...ann, layers };
}

function rescaledTerm(term: AnnTerm, channels: number, of: (c: number) => number, own: (o: number) => number): AnnTerm {
  const { operator } = term;
  if (operator.type === 'identity') {
    return { ...term, operator: { ...operator, weights: operator.weights.map((w, o) => (w * own(o)) / of(o)) } };
  }
  const area = operator.window.kernel[0] * operator.window.kernel[1];
  const inputs = operator.weights.length / channels / area;
  const weights = operator.weights.map((w, i) => {
    const o = Math.floor(i / (inputs * area));
    const first = Math.floor(o / (channels / operator.groups)) * inputs;
    return (w * own(o)) / of(first + (Math.floor(i / area) % inputs));
  });
  return { ...term, operator: { ...operator, weights } };
}
