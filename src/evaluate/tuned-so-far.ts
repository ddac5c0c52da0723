import type { Estimate } from '../convert/estimate.ts';
import type { ScaleWay } from '../convert/search.ts';
import type { TriedImages } from '../convert/trials.ts';
import type { Calibration } from '../run/calibration-session.ts';
import type { Hits } from './accuracy.ts';
import { type CheckpointStore, type Done, refuseOther } from './checkpoint.ts';
import { type Journal, openJournal } from './journal.ts';
import type { Track } from './ledger.ts';
import type { EvaluateSettings } from './options.ts';
import type { Evaluation } from './prepare.ts';
import { hashOf, subjectOf } from './subject.ts';
import type { WordHits } from './word-hits.ts';

/** What a search has found so far: plain data. */
export interface TunedSoFar {
  /** SHA-256 of what calibration gave, which takes less time than the trials that it decides on; null before it is done. */
  readonly calibration: string | null;
  /** What the words of each trial lose, by how it was converted. */
  readonly trials: { readonly [way: string]: readonly Estimate[] };
  /** Of the check: where the trained network puts the images (bytes in base64), its hits, and those of the best way's words. */
  readonly classes: string;
  readonly trained: Done<Hits>;
  readonly words: Done<readonly WordHits[]>;
}

const NONE = { images: 0, sums: null };

/** Opens what was kept of a search. @throws OptionError for a checkpoint of another */
export async function openSearch(
  store: CheckpointStore | null,
  evaluation: Evaluation,
  settings: EvaluateSettings,
  own: { readonly [option: string]: unknown },
): Promise<Journal<TunedSoFar>> {
  const subject = store && (await subjectOf({ ...evaluation, dataset: evaluation.dataset.name, settings, own }));
  const nothing = { calibration: null, trials: {}, classes: '', trained: NONE, words: NONE };
  return openJournal<TunedSoFar>({ store, work: 'tune', subject }, nothing);
}

/**
 * Notes what calibration gave. Trials go on only from the same, which it is on every device.
 * @throws OptionError for a checkpoint of another
 */
export function noteCalibration(
  store: CheckpointStore | null,
  journal: Journal<TunedSoFar>,
  calibrated: { readonly calibration: Calibration; readonly tried: TriedImages },
): void {
  if (!store) return;
  const calibration = hashOf([calibrated.calibration, calibrated.tried.logits]);
  const { calibration: before } = journal.found;
  if (before !== null && before !== calibration) {
    refuseOther(store, ['calibration gave other figures, as it may in another version']);
  }
  journal.note({ calibration });
}

/** A trial, found in a journal where it has it. @param make makes it anew */
export async function trialIn(
  journal: Journal<TunedSoFar>,
  { scale, percentile, perChannel, correctBias }: ScaleWay,
  phaseBits: readonly number[],
  words: number,
  make: () => Promise<readonly Estimate[]>,
): Promise<readonly Estimate[]> {
  const way = [scale, percentile, perChannel, correctBias, phaseBits.join(' '), words].join(', ');
  const known = journal.found.trials[way];
  if (known) return known;
  const found = await make();
  journal.note({ trials: { ...journal.found.trials, [way]: found } });
  return found;
}

/** How far the check is, with both networks. @param classes where the trained network puts the images: filled in with what is known */
export function checkTracks(
  journal: Journal<TunedSoFar>,
  classes: Uint16Array | Uint32Array,
): { readonly trained: Track<Hits>; readonly words: Track<readonly WordHits[]> } {
  const bytes = Buffer.from(classes.buffer, classes.byteOffset, classes.byteLength);
  bytes.set(Buffer.from(journal.found.classes, 'base64'));
  return {
    trained: {
      get done() {
        return journal.found.trained;
      },
      note: (images, sums) => journal.note({ trained: { images, sums }, classes: bytes.toString('base64') }),
    },
    words: {
      get done() {
        return journal.found.words;
      },
      note: (images, sums) => journal.note({ words: { images, sums } }),
    },
  };
}
