/** A neuron as plain data: its name and its parameters. What it does is in `src/neuron/`. */
export type Neuron =
  | { readonly name: 'bistable' }
  | { readonly name: 'if' }
  /** γ: spikes in one step, at most. */
  | { readonly name: 'burst'; readonly most: number }
  | { readonly name: 'phase' }
  /** n: bits of the signed word that it sends in one step; what it sent too much it takes back. */
  | { readonly name: 'multi'; readonly bits: number }
  /** The same, and never takes back. */
  | { readonly name: 'multi+'; readonly bits: number };

/** The one whole number that a neuron may have: its key, its letter in texts ("burst:γ"), its range, and a good choice. */
export interface NeuronParameter {
  readonly key: string;
  readonly letter: string;
  readonly min: number;
  readonly max: number;
  readonly example: number;
  /** It must be the K of every depth. */
  readonly isK?: boolean;
}

/** Parameter of each neuron; null where it has none. */
export const NEURON_PARAMETERS: { readonly [N in Neuron['name']]: NeuronParameter | null } = {
  bistable: null,
  if: null,
  burst: { key: 'most', letter: 'γ', min: 1, max: 15, example: 5 },
  phase: null,
  multi: { key: 'bits', letter: 'n', min: 1, max: 8, example: 4, isK: true },
  'multi+': { key: 'bits', letter: 'n', min: 1, max: 8, example: 4, isK: true },
};

/** What is wrong with a neuron. */
export interface NeuronProblem {
  readonly what: string;
  readonly remedy: string;
}

/**
 * What is wrong with a neuron's name or parameter, or with it on a network; null where nothing is.
 * @param K of the network, null where it differs by depth; left out: for any network
 */
export function neuronProblem(neuron: Neuron, K?: number | null): NeuronProblem | null {
  const name: string = neuron?.name;
  if (!Object.hasOwn(NEURON_PARAMETERS, name)) {
    return { what: `"${name}" is not known`, remedy: `choose one of ${NEURON_NAMES.join(', ')}` };
  }
  const parameter = NEURON_PARAMETERS[neuron.name];
  if (!parameter) return null;
  const { key, letter, min, max, example, isK = false } = parameter;
  const value = (neuron as unknown as Record<string, unknown>)[key] as number;
  if (!Number.isInteger(value) || value < min || value > max) {
    const is = value === undefined ? 'is missing,' : `= ${value} is not`;
    return { what: `${letter} ${is} an integer from ${min} to ${max}`, remedy: `choose ${name}:${example}` };
  }
  if (!isK || K === undefined || K === value) return null;
  const has = K === null ? 'a K that differs by depth' : `K = ${K}`;
  return { what: `"${name}:${value}" sends words of ${value} bits, the network has ${has}`, remedy: `convert with K = ${value}` };
}

/** The texts that stand for neurons, with the letters of their parameters: "bistable", "burst:γ". */
export const NEURON_NAMES: readonly string[] = Object.entries(NEURON_PARAMETERS).map(([name, parameter]) =>
  parameter ? `${name}:${parameter.letter}` : name,
);
