import { OptionError } from '../errors.ts';
import { phasesAt, type SpikingNetwork, type SpikingNeurons } from '../network/network.ts';
import type { Timetable } from '../network/timetable.ts';
import { threshold } from '../neuron/bistable.ts';
import type { Neuron } from '../neuron/neuron.ts';

/** A trained network, or the spiking one that is made of it: the same layers. */
type Layers = { readonly layers: readonly { readonly kind: string; readonly name: string }[] };

/** The layer of neurons that a text names. @throws OptionError that lists them */
export function findLayer({ layers }: Layers, wanted: string): number {
  const firing = layers.flatMap((layer, l) => (layer.kind === 'neurons' ? [{ name: layer.name, l }] : []));
  const exact = firing.filter(({ name }) => name === wanted);
  const found = exact.length > 0 ? exact : firing.filter(({ name }) => name.includes(wanted));
  if (found.length === 1) return found[0].l;
  const what = found.length === 0 ? 'is no layer of neurons' : `is the name of ${found.length} layers`;
  const names = (found.length === 0 ? firing : found).map(({ name }) => name).join(', ');
  throw new OptionError('layer', `layer "${wanted}"`, what, `choose one of ${names}`);
}

/** Steps until neurons of a depth have sent three words. */
export function threeWords({ period, layers }: Timetable, depth: number): number {
  const { first, steps } = layers[depth].fires;
  return first + steps + 2 * period;
}

/** What one unit of V of a layer of neurons stands for, in units of its λ of activation, one a channel. */
export function membraneUnits(network: SpikingNetwork, layer: number, neuron: Neuron): Float64Array {
  const { gridBits } = network.layers[layer] as SpikingNeurons;
  const K = phasesAt(network, layer);
  // λ·2^-K/θ, the phase neuron's 1/K of it
  const scale = neuron.name === 'phase' ? 1 / K : 1;
  return Float64Array.from(gridBits, (g) => (scale * 2 ** -K) / threshold(g));
}
