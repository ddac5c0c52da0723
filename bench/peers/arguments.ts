import { DEFAULTS, RANGES } from '../../src/evaluate/options.ts';

/** What `npm run bench:peers` compares on. */
export interface PeersArguments {
  readonly model: string;
  readonly dataset: string;
  /** Images at most; peers that are slow take fewer and say how many. */
  readonly limit: number;
  readonly phaseBits: number;
  /** The file to write; null for none. */
  readonly json: string | null;
}

export const USAGE = `usage: npm run bench:peers [-- [--model FILE.onnx] [--dataset SPEC] [--limit N] [--phase-bits K] [--json FILE]]
  default: the digits network that is shipped, on 1,000 digits. SPEC as for \`bsnn eval\`.
  $PYTHON names the interpreter whose PyTorch is compared with; else python3 and /usr/bin/python3 are tried.`;

const SHIPPED: PeersArguments = {
  model: 'datasets/models/mnist-resnet.onnx',
  dataset: 'mnist',
  limit: 1000,
  phaseBits: DEFAULTS.phaseBits,
  json: null,
};

/** The arguments, or null where they are wrong. Pure. */
export function parse(args: readonly string[]): PeersArguments | null {
  const words = args.filter((arg) => arg !== '--');
  const read: Record<string, string> = {};
  for (let i = 0; i < words.length; i += 2) {
    const value = words[i + 1];
    if (!['--model', '--dataset', '--limit', '--phase-bits', '--json'].includes(words[i]) || value === undefined) return null;
    read[words[i]] = value;
  }
  const integer = (name: string, fallback: number, [min, max]: readonly [number, number]): number | null => {
    const value = read[name] === undefined ? fallback : Number(read[name]);
    return Number.isSafeInteger(value) && value >= min && value <= max ? value : null;
  };
  const limit = integer('--limit', SHIPPED.limit, RANGES.limit);
  const phaseBits = integer('--phase-bits', SHIPPED.phaseBits, RANGES.phaseBits);
  if (limit === null || phaseBits === null) return null;
  return {
    model: read['--model'] ?? SHIPPED.model,
    dataset: read['--dataset'] ?? SHIPPED.dataset,
    limit,
    phaseBits,
    json: read['--json'] ?? null,
  };
}
