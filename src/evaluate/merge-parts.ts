import { type Check, checkArgument, isObject, listOf, object } from '../checks.ts';
import { OptionError } from '../errors.ts';
import type { LayerSums } from '../network/diagnosis.ts';
import { wordDigest } from './digest.ts';
import { merge, mergeSome } from './folds.ts';
import type { EvaluationResult, PartFigures, SavedEvaluation, Timing } from './result.ts';
import { shardText } from './shard.ts';
import { differences } from './subject.ts';
import { type DiagnosedSums, type EvaluationSums, type SpikingSums, summedFigures } from './sums.ts';

/** A result of `eval`, and what errors call it: its file, say. */
export interface NamedEvaluation<E = EvaluationResult | SavedEvaluation> {
  readonly name: string;
  readonly result: E;
}

/** An evaluation that a caller hands in. */
export const EVALUATION: Check = object(
  'an evaluation, as readEvaluation() gives it',
  ({ name, result }) => typeof name === 'string' && isObject(result),
);

/**
 * The result of the whole from those of all parts, in any order: figures are those of one run, exactly. Seconds are added up, rates are of
 * all images, of devices and drivers that differ each is named.
 * @throws OptionError where a part is missing, doubled, or of another evaluation
 */
export function mergeParts<E extends EvaluationResult | SavedEvaluation>(given: readonly NamedEvaluation<E>[]): E {
  checkArgument('given', given, listOf(EVALUATION, 0));
  const parts = given.map(partIn).sort((a, b) => a.part.index - b.part.index);
  checkOneEvaluation(parts);
  checkComplete(parts);
  const results = parts.map(({ result }) => result);
  const [{ result: first, part }] = parts;
  const sums = parts.map((one) => one.part.sums).reduce(addSums);
  const { images, ann, snn, spikes, diagnosis } = summedFigures(part.frame, sums);
  const { layers: found, ...summary } = diagnosis ?? { layers: [] };
  const layers = first.layers.map((layer, l) => ({ ...layer, spikesPerImage: spikes[l], ...found[l] }));
  return {
    ...first,
    images,
    batch: Math.max(...results.map(({ batch }) => batch)),
    ann,
    snn: { ...first.snn, ...snn },
    layers,
    spikesPerImage: layers.reduce((sum, { spikesPerImage }) => sum + spikesPerImage, 0),
    diagnosis: diagnosis && { ...summary, seconds: total(results, (one) => one.diagnosis?.seconds ?? 0) },
    tuned: results.some(({ tuned }) => tuned),
    tunedShapes: Math.max(...results.map(({ tunedShapes }) => tunedShapes)),
    device: {
      adapter: named(results, ({ device }) => device.adapter),
      driver: named(results, ({ device }) => device.driver),
      software: results.every(({ device }) => device.software),
    },
    digest: first.digest && { ...first.digest, ...wordDigest(results.flatMap(({ digest }) => digest?.blocks ?? [])) },
    part: null,
    timing: mergeTiming(results),
  };
}

/** A result that is of a part. */
interface NamedPart<E> extends NamedEvaluation<E> {
  readonly part: PartFigures;
}

function partIn<E extends EvaluationResult | SavedEvaluation>(one: NamedEvaluation<E>): NamedPart<E> {
  const { part } = one.result;
  if (part) return { ...one, part };
  throw new OptionError('shard', one.name, 'is of no part, but of a whole evaluation', 'give what eval --shard I/N --json wrote');
}

function checkOneEvaluation(parts: readonly NamedPart<EvaluationResult | SavedEvaluation>[]): void {
  if (parts.length === 0) throw new OptionError('shard', 'parts', 'there are none', 'give what eval --shard I/N --json wrote');
  const [one] = parts;
  for (const other of parts) {
    const refuse = (what: string, remedy: string): never => {
      throw new OptionError('shard', other.name, `is of another evaluation than ${one.name}: ${what}`, remedy);
    };
    const [difference] = differences(other.part.subject, one.part.subject);
    if (difference !== undefined) refuse(difference, 'merge parts of one evaluation');
    if (other.part.of !== one.part.of) refuse(`${other.part.of} parts and ${one.part.of}`, 'merge parts of one evaluation');
    if ((other.result.digest === null) !== (one.result.digest === null))
      refuse('one has a digest', 'give all parts --digest, or none');
    if (other.part.network === one.part.network) continue;
    const what = 'the converted networks differ, as they may where devices calibrate in f32';
    refuse(what, 'convert once (bsnn convert) and evaluate the saved network in all parts');
  }
}

/** @param parts by their indices */
function checkComplete(parts: readonly NamedPart<unknown>[]): void {
  const [{ part: one }] = parts;
  const doubled = parts.find(({ part }, i) => i > 0 && part.index === parts[i - 1].part.index);
  if (doubled) {
    const before = parts[parts.indexOf(doubled) - 1];
    const what = `is part ${shardText(doubled.part)}, and so is ${before.name}`;
    throw new OptionError('shard', doubled.name, what, 'give each part once');
  }
  const there = new Set(parts.map(({ part }) => part.index));
  const missing = Array.from({ length: one.of }, (_, i) => i + 1).filter((index) => !there.has(index));
  if (missing.length === 0) return;
  const names = missing.map((index) => shardText({ index, of: one.of })).join(', ');
  const what = missing.length === 1 ? `part ${names} is missing` : `parts ${names} are missing`;
  throw new OptionError('shard', 'parts', what, 'evaluate them with eval --shard, and give all');
}

const addSums = (a: EvaluationSums, b: EvaluationSums): EvaluationSums => ({
  trained: mergeSome(a.trained, b.trained),
  spiking: mergeSome(a.spiking, b.spiking) as SpikingSums,
  diagnosed: addDiagnosed(a.diagnosed, b.diagnosed),
});

const addDiagnosed = (a: DiagnosedSums | null, b: DiagnosedSums | null): DiagnosedSums | null =>
  a && b ? { images: a.images + b.images, layers: merge<readonly LayerSums[]>(a.layers, b.layers) } : (a ?? b);

const total = <T>(list: readonly T[], of: (one: T) => number): number => list.reduce((sum, one) => sum + of(one), 0);

/** What all have, each once. */
const named = <T>(list: readonly T[], of: (one: T) => string): string => [...new Set(list.map(of))].join(', ');

/** Seconds of all devices together; rates as if one device had done all. */
function mergeTiming(results: readonly Pick<EvaluationResult, 'images' | 'timing'>[]): Timing {
  const sum = (of: keyof Timing): number => total(results, ({ timing }) => timing[of] ?? 0);
  /** All images by the time that all took at their rates; null where one is not known. */
  const rate = (of: keyof Timing): number | null =>
    results.some(({ timing }) => timing[of] === null)
      ? null
      : total(results, ({ images }) => images) / total(results, ({ images, timing }) => images / (timing[of] as number));
  const snnSeconds = sum('snnSeconds');
  const idle = total(results, ({ timing }) => (timing.gpuIdleShare ?? 0) * timing.snnSeconds);
  return {
    seconds: sum('seconds'),
    imagesPerSecond: rate('imagesPerSecond') as number,
    macsPerSecond: total(results, ({ timing }) => timing.macsPerSecond * timing.snnSeconds) / snnSeconds,
    importSeconds: sum('importSeconds'),
    compileSeconds: sum('compileSeconds'),
    calibrationSeconds: sum('calibrationSeconds'),
    annSeconds: sum('annSeconds'),
    snnSeconds,
    firstResultSeconds: Math.min(...results.map(({ timing }) => timing.firstResultSeconds)),
    steadyImagesPerSecond: rate('steadyImagesPerSecond'),
    gpuIdleShare: results.some(({ timing }) => timing.gpuIdleShare === null) ? null : idle / snnSeconds,
    readImagesPerSecond: rate('readImagesPerSecond'),
    peakGpuBytes: Math.max(...results.map(({ timing }) => timing.peakGpuBytes)),
  };
}
