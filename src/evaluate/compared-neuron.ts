import { NEURON_NAMES, type Neuron, parseNeuron } from '../neuron/neuron.ts';

/** A neuron as a command takes it: `bistable`, `if`, `phase`, `burst:5`, or `bistable-no-sn`: without synchronous neurons. */
export type ComparedNeuron = string;

/** The neurons of a comparison, where nothing else is asked for. */
export const COMPARED = ['if', 'burst:5', 'phase', 'bistable', 'bistable-no-sn'] as const;

/** Steps at which neurons are compared where nothing else is asked for. */
export const TIMESTEPS = [8, 16, 32, 64, 80, 96, 128, 256] as const;

const WITHOUT = '-no-sn';

/** All neurons that can be compared, with the letters of their parameters. */
export const COMPARABLE: readonly string[] = [...NEURON_NAMES, `bistable${WITHOUT}`];

/** What a text stands for. @throws OptionError for another one */
export function neuronOf(text: ComparedNeuron): { readonly neuron: Neuron; readonly synchronous: boolean } {
  const synchronous = text !== `bistable${WITHOUT}`;
  return { neuron: parseNeuron(synchronous ? text : 'bistable'), synchronous };
}
