import type { Ann } from '../ann/ann.ts';
import { BOOLEAN, type Checks, object } from '../checks.ts';
import type { SpikingNetwork } from '../network/network.ts';
import type { CalibrationOrigin } from '../network/saved/about.ts';
import { type ImageSource, type LabelledSource, sliceSource } from '../run/source.ts';
import { CHECKPOINT, type CheckpointStore } from './checkpoint.ts';
import { wordDigest } from './digest.ts';
import type { NormalizationFigures } from './fit.ts';
import { type Ledger, openLedger } from './ledger.ts';
import type { EvaluateSettings } from './options.ts';
import { cutImages, type Part } from './passes.ts';
import type { DigestFigures, PartFigures } from './result.ts';
import { isShard, type Shard, shardImages } from './shard.ts';
import { networkHash, type Subject, subjectOf } from './subject.ts';
import type { EvaluationSums, Frame } from './sums.ts';

/** How long work is cut, kept and compared. */
export interface WorkOptions {
  /** A digest of all words, equal wherever they are equal (default false). */
  readonly digest?: boolean | undefined;
  /** Evaluate this part alone; `mergeParts` makes one result of all parts (default: the whole). */
  readonly shard?: Shard | undefined;
  /** Where what was found is kept now and then, and where an earlier call that was ended left it (default: nowhere). */
  readonly checkpoint?: CheckpointStore | undefined;
}

/** What each of `WorkOptions` must be. */
export const WORK_OPTIONS: Checks<WorkOptions> = {
  digest: BOOLEAN,
  shard: object('a part { index, of }, with index from 1 to of', isShard),
  checkpoint: CHECKPOINT,
};

/** What an evaluation works on. */
interface WorkInputs {
  /** The trained network; null where there is none. */
  readonly ann: Ann | null;
  /** A network that needs no conversion. */
  readonly network: SpikingNetwork | null;
  readonly dataset: { readonly name: string };
  readonly images: LabelledSource;
  readonly offset: number;
  readonly calibratedOn?: CalibrationOrigin;
  readonly calibrationSource?: ImageSource;
  /** Images to diagnose, at most, and classes. */
  readonly diagnosis: number;
  readonly classes: number;
  readonly settings: Partial<EvaluateSettings>;
  readonly normalization: NormalizationFigures;
}

/** An evaluation's images, cut, and what was found of them before. */
export interface Work {
  readonly shard: Shard | null;
  /** null: nobody asks for it. */
  readonly subject: Subject | null;
  /** Index of the first of these images among those of all parts. */
  readonly first: number;
  readonly images: number;
  /** Those to diagnose come first. */
  readonly toDiagnose: Part | null;
  readonly others: Part | null;
  readonly ledger: Ledger;
}

/** Cuts the images and opens the checkpoint. @throws OptionError for a part that is none, or a checkpoint of another evaluation */
export async function openWork(
  { digest = false, shard, checkpoint }: WorkOptions,
  { ann, network, images, diagnosis, classes, dataset, ...told }: WorkInputs,
): Promise<Work> {
  const { from, to } = shard ? shardImages(shard, images.count) : { from: 0, to: images.count };
  const own = sliceSource(images, from, to - from);
  const [toDiagnose, others] = cutImages(own, Math.max(0, diagnosis - from), classes);
  const asked = digest || shard !== undefined || checkpoint !== undefined;
  const subject = asked ? await subjectOf({ ...told, ann, images, dataset: dataset.name }) : null;
  const none = new Uint16Array();
  const ledger = await openLedger({
    ...{ store: checkpoint ?? null, digest, shard: shard ?? null, subject, images: own.count, network },
    classes: others?.classes ?? none,
  });
  return { shard: shard ?? null, subject, first: from, images: own.count, toDiagnose, others, ledger };
}

/** What a result says of how the work was cut and compared. */
export function workFigures(
  { shard, subject, first, images, ledger: { digester } }: Work,
  network: SpikingNetwork,
  frame: Frame,
  sums: EvaluationSums,
): { readonly digest: DigestFigures | null; readonly part: PartFigures | null } {
  if (subject === null) return { digest: null, part: null };
  const of = { subject, network: networkHash(network) };
  return {
    digest: digester && { ...wordDigest(digester.blocks()), ...of },
    part: shard && { ...shard, first, images, ...of, frame, sums, sha256: '' },
  };
}
