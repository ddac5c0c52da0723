import { INPUT } from '../ann/ann.ts';
import { checkArgument, TEXT } from '../checks.ts';
import { OptionError } from '../errors.ts';
import { sumBound } from '../network/bound.ts';
import { phasesAt, type SpikingNetwork, type SpikingPool } from '../network/network.ts';
import { NEURON_PARAMETERS, type Neuron, neuronProblem } from '../network/neuron.ts';
import { oneK } from '../network/timetable.ts';
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

/**
 * The rule of a neuron on a network.
 * @throws OptionError also where the network's K is not the one that the neuron needs, or what it sends would not fit 32 bits
 */
export function ruleOn(neuron: Neuron, network: SpikingNetwork): NeuronModel {
  const problem = neuronProblem(neuron, oneK(network.timetable));
  if (problem) throw new OptionError('neuron', 'neuron', problem.what, problem.remedy);
  const rule = ruleOf(neuron);
  const layer = rule.windowed ? undefined : overflowing(network, rule);
  if (layer === undefined) return rule;
  const what = `"${neuronText(neuron)}" sends more in a step than the sums of layer "${layer}" hold in 32 bits`;
  throw new OptionError('neuron', 'neuron', what, 'convert with a smaller K, or choose bistable');
}

/** The grid keeps what a word brings below 2^30 (section 3); a neuron without windows may send more than a word at once. */
const CURRENT_LIMIT = 2 ** 31;

/** The name of a layer to which a step could bring more than 32 bits hold. */
function overflowing(network: SpikingNetwork, rule: NeuronModel): string | undefined {
  const most: number[] = [];
  const mostOf = (source: number) => (source === INPUT ? network.input.units.most : most[source]);
  network.layers.forEach((layer, l) => {
    if (layer.kind === 'pool') most.push(mostOf(layer.source) * (layer.mode === 'sum' ? kernelPlaces(layer) : 1));
    else most.push(rule.most * heaviest(rule, phasesAt(network, l)));
  });
  return network.layers.find(
    (layer) =>
      layer.kind !== 'pool' &&
      layer.gridBits.some((_, o) => sumBound(network, layer, o, ({ source }) => mostOf(source)) >= CURRENT_LIMIT),
  )?.name;
}

const kernelPlaces = ({ window: { kernel } }: SpikingPool): number => kernel[0] * kernel[1];

/** What a spike weighs at most. */
const heaviest = (rule: NeuronModel, phaseBits: number): number =>
  Math.max(
    ...Array.from({ length: phaseBits }, (_, phase) => rule.synapseWeight({ phaseBits, phase, state: 'firing', last: false })),
  );

/**
 * A neuron from its text, as the command takes it: `bistable`, `if`, `phase`, `burst:5`, `multi:4`, `multi+:4`.
 * @throws OptionError for any other text
 */
export function parseNeuron(text: string): Neuron {
  checkArgument('text', text, TEXT);
  const [, name, digits] = /^([^:]*)(?::(\d+))?$/.exec(text) ?? [];
  const parameter = Object.hasOwn(NEURON_PARAMETERS, name ?? '') ? NEURON_PARAMETERS[name as Neuron['name']] : undefined;
  const expected = parameter === undefined ? false : (parameter === null) === (digits === undefined);
  const neuron = (expected ? { name, ...(parameter ? { [parameter.key]: Number(digits) } : {}) } : { name: text }) as Neuron;
  ruleOf(neuron);
  return neuron;
}

/** The text that `parseNeuron` reads. @throws OptionError for a neuron that there is not */
export function neuronText(neuron: Neuron): string {
  ruleOf(neuron);
  const parameter = NEURON_PARAMETERS[neuron.name];
  return parameter ? `${neuron.name}:${(neuron as unknown as Record<string, number>)[parameter.key]}` : neuron.name;
}
