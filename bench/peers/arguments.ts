import { DEFAULTS, RANGES } from '../../src/evaluate/options.ts';

/** What `npm run bench:peers` compares on. */
export interface PeersArguments {
  readonly model: string;
  readonly dataset: string;
  /** Images at most; peers that are slow take fewer and say how many. */
  readonly limit: number;
  readonly phaseBits: number;
  /** Seconds that each script in PyTorch may take; what it found until then counts. */
  readonly seconds: number;
  /** The file to write; null for none. */
  readonly json: string | null;
}

export const USAGE = `usage: npm run bench:peers [-- [--model FILE.onnx] [--dataset SPEC] [--limit N] [--phase-bits K]
                                [--seconds N] [--json FILE]]
  default: the digits network that is shipped, on 1,000 digits. SPEC as for \`bsnn eval\`.
  --seconds: each script in PyTorch takes no longer (600).
  $PYTHON names the interpreter whose PyTorch is compared with; else python3 and /usr/bin/python3 are tried.`;

const OPTIONS = ['--model', '--dataset', '--limit', '--phase-bits', '--seconds', '--json'];

const SHIPPED: PeersArguments = {
  model: 'datasets/models/mnist-resnet.onnx',
  dataset: 'mnist',
  limit: 1000,
  phaseBits: DEFAULTS.phaseBits,
  seconds: 600,
  json: null,
};

/** The arguments, or null where they are wrong. Pure. */
export function parse(args: readonly string[]): PeersArguments | null {
  const words = args.filter((arg) => arg !== '--');
  const read: Record<string, string> = {};
  for (let i = 0; i < words.length; i += 2) {
    const value = words[i + 1];
    if (!OPTIONS.includes(words[i]) || value === undefined) return null;
    read[words[i]] = value;
  }
  const integer = (name: string, fallback: number, [min, max]: readonly [number, number]): number | null => {
    const value = read[name] === undefined ? fallback : Number(read[name]);
    return Number.isSafeInteger(value) && value >= min && value <= max ? value : null;
  };
  const limit = integer('--limit', SHIPPED.limit, RANGES.limit);
  const phaseBits = integer('--phase-bits', SHIPPED.phaseBits, RANGES.phaseBits);
  const seconds = integer('--seconds', SHIPPED.seconds, [1, 86_400]);
  if (limit === null || phaseBits === null || seconds === null) return null;
  return {
    model: read['--model'] ?? SHIPPED.model,
    dataset: read['--dataset'] ?? SHIPPED.dataset,
    limit,
    phaseBits,
    seconds,
    json: read['--json'] ?? null,
  };
}
