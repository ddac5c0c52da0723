import type { Hits } from './accuracy.ts';
import type { CheckpointStore, Done, LongWork } from './checkpoint.ts';
import { type Journal, openJournal } from './journal.ts';
import type { Track } from './ledger.ts';
import type { EvaluateSettings } from './options.ts';
import type { Evaluation } from './prepare.ts';
import type { StagesSoFar } from './stages.ts';
import { subjectOf } from './subject.ts';
import type { WordHits } from './word-hits.ts';

/** What work on several ways to convert one network has found so far: plain data. */
export interface WaysSoFar extends StagesSoFar {
  /** Where the trained network puts the images (bytes in base64), and its hits. */
  readonly classes: string;
  readonly trained: Done<Hits>;
  /** Hits of the words of each way that runs over the images, in order. */
  readonly words: readonly Done<readonly WordHits[]>[];
}

const NONE = { images: 0, sums: null };

/** Opens what was kept of such work. @param own options that it alone has @throws OptionError for a checkpoint of another */
export async function openWays(
  store: CheckpointStore | null,
  work: LongWork,
  evaluation: Evaluation,
  settings: EvaluateSettings,
  own: { readonly [option: string]: unknown },
): Promise<Journal<WaysSoFar>> {
  const subject = store && (await subjectOf({ ...evaluation, dataset: evaluation.dataset.name, settings, own }));
  return openJournal<WaysSoFar>({ store, work, subject }, { stages: {}, classes: '', trained: NONE, words: [] });
}

/** How far each network is. */
export interface WayTracks {
  readonly trained: Track<Hits>;
  readonly words: (way: number) => Track<readonly WordHits[]>;
}

/** How far each network is in a journal. @param classes where the trained network puts the images: filled in with what is known */
export function wayTracks(journal: Journal<WaysSoFar>, classes: Uint16Array | Uint32Array): WayTracks {
  const bytes = Buffer.from(classes.buffer, classes.byteOffset, classes.byteLength);
  bytes.set(Buffer.from(journal.found.classes, 'base64'));
  return {
    trained: {
      get done() {
        return journal.found.trained;
      },
      note: (images, sums) => journal.note({ trained: { images, sums }, classes: bytes.toString('base64') }),
    },
    words: (way) => ({
      get done() {
        return journal.found.words[way] ?? NONE;
      },
      note: (images, sums) => journal.note({ words: journal.found.words.toSpliced(way, 1, { images, sums }) }),
    }),
  };
}
