import { checkArgument } from '../checks.ts';
import { OptionError } from '../errors.ts';
import { EVALUATION, type NamedEvaluation } from './merge-parts.ts';
import type { DigestFigures, EvaluationResult, SavedEvaluation } from './result.ts';
import { shardText } from './shard.ts';
import { knownDifferences } from './subject.ts';

/** Two evaluations held against each other. */
export interface Verification {
  /** Nothing differs. */
  readonly equal: boolean;
  /** Images of both, where they have as many. */
  readonly images: number;
  /** What differs, in words. */
  readonly differences: readonly string[];
  /** The images of the first block whose words differ, in the data set: the first and the last; null where none does. */
  readonly firstBlock: readonly [number, number] | null;
}

/**
 * Says where two evaluations differ: what they are of, words, figures. Times, devices, batches and notes may.
 * @throws OptionError where one has no digest, or is of a part
 */
export function verifyEvaluations(a: NamedEvaluation, b: NamedEvaluation): Verification {
  checkArgument('a', a, EVALUATION);
  checkArgument('b', b, EVALUATION);
  const [one, other] = [digestIn(a), digestIn(b)];
  const blocks = firstDifference(one, other);
  const found = [
    ...knownDifferences(one.subject, other.subject),
    ...(one.network === other.network ? [] : ['the spiking networks differ']),
    ...(blocks ? [`words differ from images ${blocks[0]} to ${blocks[1]} on, in ${countDifferent(one, other)} blocks`] : []),
    ...differentFigures(a.result, b.result),
  ];
  return { equal: found.length === 0, images: a.result.images, differences: found, firstBlock: blocks };
}

function digestIn({ name, result: { digest, part } }: NamedEvaluation): DigestFigures {
  if (part) {
    throw new OptionError(
      'evaluation-file',
      name,
      `is of part ${shardText(part)} alone`,
      'merge all parts (bsnn merge) and give that',
    );
  }
  if (digest) return digest;
  throw new OptionError('evaluation-file', name, 'has no digest', 'evaluate again with --digest');
}

/** Numbers of the blocks that are not the same in both. */
const differentBlocks = (a: DigestFigures, b: DigestFigures): number[] =>
  Array.from({ length: Math.max(a.blocks.length, b.blocks.length) }, (_, i) => i).filter((i) => a.blocks[i] !== b.blocks[i]);

const countDifferent = (a: DigestFigures, b: DigestFigures): string =>
  `${differentBlocks(a, b).length} of ${Math.max(a.blocks.length, b.blocks.length)}`;

function firstDifference(a: DigestFigures, b: DigestFigures): readonly [number, number] | null {
  const [block] = differentBlocks(a, b);
  if (block === undefined) return null;
  const { offset, images } = a.subject.dataset;
  const first = block * a.blockImages;
  return [offset + first, offset + Math.max(first, Math.min(first + a.blockImages, images) - 1)];
}

type Compared = EvaluationResult | SavedEvaluation;

/** Figures that follow from words and labels, where both have them. */
function differentFigures(a: Compared, b: Compared): string[] {
  const of = ({ snn, spikesPerImage, ann }: Compared) => ({
    ...{ 'ann.top1': ann?.top1, 'ann.top5': ann?.top5, 'snn.agreement': snn.agreement ?? undefined },
    ...{ 'snn.top1': snn.top1, 'snn.top5': snn.top5, spikesPerImage },
    'snn.curve': JSON.stringify(snn.curve),
  });
  const [one, other] = [of(a), of(b)];
  const longer = a.layers.length < b.layers.length ? b : a;
  const layers = longer.layers.flatMap(({ name }, l) => {
    const [first, second] = [a, b].map((side) => side.layers[l]?.spikesPerImage ?? 'none');
    return first === second ? [] : [`spikes of layer "${name}" are ${first} and ${second} an image`];
  });
  const figures = (Object.keys(one) as (keyof typeof one)[]).flatMap((name) => {
    const [first, second] = [one[name], other[name]];
    if (first === undefined || second === undefined || first === second) return [];
    return [name === 'snn.curve' ? `${name} differs` : `${name} is ${first} and ${second}`];
  });
  return [...figures, ...layers];
}
