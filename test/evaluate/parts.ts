import { createHash } from 'node:crypto';
import { BLOCK_IMAGES, wordDigest } from '../../src/evaluate/digest.ts';
import { sealed } from '../../src/evaluate/evaluation-file.ts';
import type { NamedEvaluation } from '../../src/evaluate/merge-parts.ts';
import type { EvaluationResult } from '../../src/evaluate/result.ts';
import { type Shard, shardImages } from '../../src/evaluate/shard.ts';
import { hashOf, type Subject } from '../../src/evaluate/subject.ts';
import { summedFigures } from '../../src/evaluate/sums.ts';
import { example } from '../cli/evaluation-example.ts';

// Evaluations made up: of each image it follows from its number whether both networks have it right, and what it costs.

export const IMAGES = 5 * BLOCK_IMAGES - 7;
const WORDS = createHash('sha256').update('words').digest('hex');

export const subject: Subject = {
  model: hashOf('a model'),
  dataset: { name: 'mnist', images: IMAGES, offset: 100, labels: hashOf('labels'), pixels: hashOf('pixels') },
  options: { phaseBits: 4, waves: 3, diagnosis: 0 },
};

const network = hashOf('a network');

/** What `evaluate` would give for a part, or for the whole. */
export function evaluated(shard: Shard | null): EvaluationResult {
  const { from, to } = shard ? shardImages(shard, IMAGES) : { from: 0, to: IMAGES };
  const images = Array.from({ length: to - from }, (_, i) => from + i);
  const count = (of: (image: number) => boolean) => images.filter(of).length;
  const hits = (off: number) => ({ images: images.length, top1: count((n) => n % 7 !== off), top5: count((n) => n % 11 !== off) });
  const plain = example();
  const sums = {
    trained: hits(0),
    spiking: {
      hits: plain.snn.curve.map((_, p) => hits(p % 7)),
      agreeing: count((n) => n % 5 > 0),
      spikes: [images.reduce((a, b) => a + b, 0), 0, 0],
    },
    diagnosed: null,
  };
  const frame = { steps: plain.snn.curve.map(({ t }) => t), layers: [0, 2], diagnosis: null };
  const { ann, snn, spikes } = summedFigures(frame, sums);
  const blocks = Array.from({ length: Math.ceil(images.length / BLOCK_IMAGES) }, (_, i) =>
    hashOf([WORDS, from / BLOCK_IMAGES + i]),
  );
  return sealed({
    ...plain,
    images: images.length,
    ann: ann!,
    snn: { ...plain.snn, ...snn } as EvaluationResult['snn'],
    layers: plain.layers.map((layer, l) => ({ ...layer, spikesPerImage: spikes[l] })),
    spikesPerImage: spikes.reduce((a, b) => a + b),
    digest: { ...wordDigest(blocks), subject, network },
    part: shard && { ...shard, first: from, images: images.length, subject, network, frame, sums, sha256: '' },
  });
}

/** Part i of n, by name. */
export const part = (index: number, of: number): NamedEvaluation<EvaluationResult> => ({
  name: `part-${index}.json`,
  result: evaluated({ index, of }),
});
