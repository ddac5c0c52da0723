import { OptionError } from '../errors.ts';
import { bistable } from './bistable.ts';
import { burst } from './burst.ts';
import { integrateAndFire } from './if.ts';
import type { NeuronModel } from './model.ts';
import { phase } from './phase.ts';

/** A neuron as plain data: its name and its parameters. */
export type Neuron =
  | { readonly name: 'bistable' }
  | { readonly name: 'if' }
  /** γ: spikes in one step, at most; 1 to 15. */
  | { readonly name: 'burst'; readonly most: number }
  | { readonly name: 'phase' };

/** The names that `parseNeuron` knows. */
export const NEURON_NAMES = ['bistable', 'if', 'burst:γ', 'phase'] as const;

/** γ at most. */
const MOST_SPIKES = 15;

/** The neuron's rule on the integer grid. @throws OptionError for parameters out of range */
export function modelOf(neuron: Neuron): NeuronModel {
  switch (neuron.name) {
    case 'bistable':
      return bistable;
    case 'if':
      return integrateAndFire;
    case 'burst':
      return burst(checkedMost(neuron.most));
    case 'phase':
      return phase;
    default:
      throw unknown((neuron as Neuron).name);
  }
}

/**
 * A neuron from its text, as the command takes it: `bistable`, `if`, `phase`, `burst:5`.
 * @throws OptionError for any other text
 */
export function parseNeuron(text: string): Neuron {
  if (text === 'bistable' || text === 'if' || text === 'phase') return { name: text };
  const [, digits] = /^burst:(\d+)$/.exec(text) ?? [];
  if (digits === undefined) throw unknown(text);
  return { name: 'burst', most: checkedMost(Number(digits)) };
}

/** The text that `parseNeuron` reads. */
export const neuronText = (neuron: Neuron): string => (neuron.name === 'burst' ? `burst:${neuron.most}` : neuron.name);

function checkedMost(most: number): number {
  if (Number.isInteger(most) && most >= 1 && most <= MOST_SPIKES) return most;
  throw new OptionError('neuron', 'neuron', `γ = ${most} is not an integer from 1 to ${MOST_SPIKES}`, 'choose burst:5');
}

const unknown = (text: string): OptionError =>
  new OptionError('neuron', 'neuron', `"${text}" is not known`, `choose one of ${NEURON_NAMES.join(', ')}`);
