import { OptionError } from '../errors.ts';
import { NEURON_PARAMETERS, type Neuron, neuronProblem } from '../network/neuron.ts';
import { oneK, type Timetable } from '../network/timetable.ts';
import { bistable } from './bistable.ts';
import { burst } from './burst.ts';
import { integrateAndFire } from './if.ts';
import type { NeuronModel } from './model.ts';
import { multi, multiPlus } from './multi.ts';
import { phase } from './phase.ts';

export { NEURON_NAMES, type Neuron } from '../network/neuron.ts';

/** The rule of each neuron. Names, parameters and their ranges are data of the network: `src/network/neuron.ts`. */
const RULES: { readonly [N in Neuron['name']]: (neuron: Extract<Neuron, { name: N }>) => NeuronModel } = {
  bistable: () => bistable,
  if: () => integrateAndFire,
  burst: ({ most }) => burst(most),
  phase: () => phase,
  multi: ({ bits }) => multi(bits),
  'multi+': ({ bits }) => multiPlus(bits),
};

/** The neuron's rule on the integer grid. @throws OptionError for a neuron that there is not */
export function ruleOf(neuron: Neuron): NeuronModel {
  const problem = neuronProblem(neuron);
  if (problem) throw new OptionError('neuron', 'neuron', problem.what, problem.remedy);
  return (RULES[neuron.name] as (neuron: Neuron) => NeuronModel)(neuron);
}

/** The rule of a neuron on a network. @throws OptionError also where the network's K is not the one that the neuron needs */
export function ruleOn(neuron: Neuron, timetable: Timetable): NeuronModel {
  const problem = neuronProblem(neuron, oneK(timetable));
  if (problem) throw new OptionError('neuron', 'neuron', problem.what, problem.remedy);
  return ruleOf(neuron);
}

/**
 * A neuron from its text, as the command takes it: `bistable`, `if`, `phase`, `burst:5`, `multi:4`, `multi+:4`.
 * @throws OptionError for any other text
 */
export function parseNeuron(text: string): Neuron {
  const [, name, digits] = /^([^:]*)(?::(\d+))?$/.exec(text) ?? [];
  const parameter = Object.hasOwn(NEURON_PARAMETERS, name ?? '') ? NEURON_PARAMETERS[name as Neuron['name']] : undefined;
  const expected = parameter === undefined ? false : (parameter === null) === (digits === undefined);
  const neuron = (expected ? { name, ...(parameter ? { [parameter.key]: Number(digits) } : {}) } : { name: text }) as Neuron;
  ruleOf(neuron);
  return neuron;
}

/** The text that `parseNeuron` reads. */
export function neuronText(neuron: Neuron): string {
  const parameter = NEURON_PARAMETERS[neuron.name];
  return parameter ? `${neuron.name}:${(neuron as unknown as Record<string, number>)[parameter.key]}` : neuron.name;
}
