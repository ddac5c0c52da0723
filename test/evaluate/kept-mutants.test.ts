/**
 * Mutants of what evaluations write for later: checkpoints, parts for `merge`, results for `verify`. In fields and in bytes: refused by one
 * clear error, or the same to the last digit. SEED and RUNS in the environment make it another or a longer search.
 */

import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BsnnError } from '../../src/errors.ts';
import { readCheckpoint, writeKept } from '../../src/evaluate/checkpoint.ts';
import { readEvaluation } from '../../src/evaluate/evaluation-file.ts';
import { openJournal } from '../../src/evaluate/journal.ts';
import { mergeParts } from '../../src/evaluate/merge-parts.ts';
import type { EvaluationResult } from '../../src/evaluate/result.ts';
import { onceIn } from '../../src/evaluate/stages.ts';
import type { Subject } from '../../src/evaluate/subject.ts';
import { verifyEvaluations } from '../../src/evaluate/verify.ts';
import { damagedJson, jsonDamage } from '../helpers/json-damage.ts';
import { kept, store } from './kept.ts';
import { evaluated, part, subject } from './parts.ts';

const RUNS = Number(process.env.RUNS ?? 2000);

/** What reading a file of some KB may take at most: seconds of processor time, bytes above those that were there. */
const SECONDS = 2;
const BYTES = 512 * 2 ** 20;

/** A file, and what is made of it; `same` says whether that is right. */
interface Sample {
  readonly name: string;
  readonly text: string;
  readonly read: (text: string) => unknown;
  readonly isRight: (found: unknown, text: string) => boolean;
}

/** A sample that is to be read as it was, or not at all. */
function exact(name: string, text: string, read: (text: string) => unknown): Sample {
  const sound = read(text);
  return { name, text, read, isRight: (found) => isDeepStrictEqual(found, sound) };
}

function evaluation(): Sample {
  const file = store();
  writeKept(file, 'eval', kept);
  return exact('eval', file.text as string, (text) => readCheckpoint(store(text), { ...kept, network: kept.network }));
}

/** A journal of work that converts. */
async function journal(work: 'compare' | 'convert' | 'sweep' | 'tune'): Promise<Sample> {
  const file = store();
  const open = (of: typeof file) => openJournal<object>({ store: of, work, subject }, { stages: {} });
  const once = onceIn(open(file) as unknown as Parameters<typeof onceIn>[0]);
  await once('calibration', async () => ({ bins: Uint32Array.of(7, 0, 2 ** 31), largest: 1 / 3 }));
  await once('biases', async () => [Int32Array.of(-5, 3), Int32Array.of()]);
  open(file).note({ words: [{ images: 3, sums: [{ images: 3, top1: 2, top5: 3, lost: 1, won: 0 }] }] });
  return exact(work, file.text as string, (text) => open(store(text)).found);
}

/** One of three parts, the others as they were. */
function merged(): Sample {
  const parts = [1, 2, 3].map((index) => part(index, 3));
  const read = (text: string) => mergeParts([parts[0], readEvaluation(text, 'part-2.json') as (typeof parts)[0], parts[2]]);
  return exact('merge', JSON.stringify(parts[1].result), read);
}

/** What `verify` speaks for. */
const figures = ({ images, ann, snn, spikesPerImage, layers, digest }: EvaluationResult) => [
  ...[images, ann?.top1, ann?.top5, snn.top1, snn.top5, snn.agreement, snn.curve, spikesPerImage],
  ...[layers.map((layer) => layer.spikesPerImage), digest?.blocks, digest?.network, ...subjectFigures(digest!.subject)],
];

/** All that a subject says; what else stands there says nothing. */
const subjectFigures = ({ model, dataset: { name, images, offset, labels, pixels }, options }: Subject) => [
  ...[model, name, images, offset, labels, pixels, options],
];

/** A result as that of a saved network, which has lost its model, what follows from it, and some of its options. */
function withoutTrained({ digest, snn, ...result }: EvaluationResult, other: EvaluationResult): EvaluationResult {
  const { options } = other.digest!.subject;
  const known = Object.entries(digest!.subject.options).filter(([name]) => name in options);
  const subjectOfIt = { ...digest!.subject, model: null, options: Object.fromEntries(known) };
  const ofIt = { ...result, ann: null, snn: { ...snn, agreement: null }, digest: { ...digest, subject: subjectOfIt } };
  return ofIt as unknown as EvaluationResult;
}

/** One of two results; the trained network's figures may be missing, as in a saved network's evaluation. */
function verified(): Sample {
  const whole = { name: 'a.json', result: JSON.parse(JSON.stringify(evaluated(null))) as EvaluationResult };
  return {
    name: 'verify',
    text: JSON.stringify(whole.result),
    read: (text) => {
      const other = readEvaluation(text, 'b.json');
      return [verifyEvaluations(whole, other), verifyEvaluations(other, whole)].map(({ equal, differences }) => {
        expect(equal).toBe(differences.length === 0);
        return equal;
      });
    },
    isRight: (found, text) => {
      const other = JSON.parse(text) as EvaluationResult;
      const equal = isDeepStrictEqual(
        figures(other),
        figures(other.ann === null ? withoutTrained(whole.result, other) : whole.result),
      );
      return isDeepStrictEqual(found, [equal, equal]);
    },
  };
}

const SAMPLES = [
  evaluation(),
  ...(await Promise.all((['compare', 'convert', 'sweep', 'tune'] as const).map(journal))),
  merged(),
  verified(),
];

/** Reads a mutant; anything but what is right or a `BsnnError` fails the test. @returns the error's code */
function outcome({ read, isRight, name }: Sample, text: string): string | null {
  let found: unknown;
  try {
    found = read(text);
  } catch (error) {
    if (!(error instanceof BsnnError)) throw error;
    expect(error.message.length).toBeLessThanOrEqual(2000);
    return error.code;
  }
  expect(isRight(found, text), `${name}: ${text}`).toBe(true);
  return null;
}

it('mutants of checkpoints, parts and results are refused, or lead to the same', { timeout: 3600e3 }, () => {
  const counts = new Map(SAMPLES.map(({ name }) => [name, new Map<string, number>()]));
  const memory = process.resourceUsage().maxRSS;
  let slowest = 0;
  const property = fc.property(fc.nat(SAMPLES.length - 1), jsonDamage, (which, change) => {
    const { name, text } = SAMPLES[which];
    const mutant = damagedJson(text, change);
    const before = process.cpuUsage();
    const code = outcome(SAMPLES[which], mutant) ?? (mutant === text ? 'unchanged' : 'read');
    const { user, system } = process.cpuUsage(before);
    slowest = Math.max(slowest, (user + system) / 1e6);
    expect((user + system) / 1e6, name).toBeLessThan(SECONDS);
    counts.get(name)?.set(code, (counts.get(name)?.get(code) ?? 0) + 1);
  });
  fc.assert(property, { seed: Number(process.env.SEED ?? 1), numRuns: RUNS });
  const grown = (process.resourceUsage().maxRSS - memory) * 1024;
  const rows = [...counts].map(([name, codes]) => [name, Object.fromEntries(codes)] as const);
  if (process.env.RUNS) console.log(JSON.stringify({ slowest, grown, ...Object.fromEntries(rows) }, null, 1));
  expect(grown).toBeLessThan(BYTES);
  // Each must have been refused often, and some been read though their text was another, or this tests nothing.
  const read = rows.map(([, codes]) => codes.read ?? 0);
  expect(read.filter((count) => count > 0).length).toBeGreaterThan(3);
  for (const [name, codes] of rows) expect(codes.checkpoint ?? codes['evaluation-file'], name).toBeGreaterThan(RUNS / 20);
});

it('brackets within brackets, deeper than what looks at them can go, are refused', () => {
  const deep = '['.repeat(200_000) + ']'.repeat(200_000);
  for (const sample of SAMPLES) {
    const text = sample.text.replace(/:\[/, `:[${deep},`);
    expect(text.length).toBeGreaterThan(sample.text.length);
    expect(outcome(sample, text), sample.name).toMatch(/^(checkpoint|evaluation-file)$/);
  }
});
