import type { Device } from '../gpu/device.ts';
import type { SpikingNetwork } from '../network/network.ts';
import type { Batch } from '../run/batch.ts';
import { Session } from '../run/session.ts';
import { type Changes, countChanges, countHits, type Hits } from './accuracy.ts';
import { readingsAt } from './curve.ts';
import { folding } from './folds.ts';
import type { LastingDevice } from './lasting.ts';
import { type Track, untracked } from './ledger.ts';
import { type Part, restOf } from './passes.ts';
import type { Evaluation } from './prepare.ts';

/** Where a word puts images, and how that differs from where the trained network does. */
export type WordHits = Hits & Changes;

/** Of each word, and images at once for which the device had no memory; null where it had. */
export interface WordsRun {
  readonly words: readonly WordHits[];
  readonly refusedBatch: number | null;
}

/**
 * Where each word of a network puts images that the trained network has seen.
 * @param onImages called with the images done
 * @param track where it begins
 */
export function wordHits(
  lasting: LastingDevice,
  network: SpikingNetwork,
  { waves, batch, choices }: Pick<Evaluation, 'waves' | 'batch' | 'choices'>,
  part: Part,
  onImages: (done: number) => void,
  track: Track<readonly WordHits[]> = untracked(),
): Promise<WordsRun> {
  const options = { waves, batch, imageCount: part.source.count, choices };
  const create = (device: Device) => Session.create(device, network, options);
  return lasting.withSession(create, async (session) => {
    const { done } = track;
    const { source, classes } = restOf(part, done.images);
    const fold = folding((some: Batch): readonly WordHits[] => {
      const readings = session.words.map((point) => readingsAt(some, point, session.units));
      return readings.map((one) => ({
        ...countHits(one, source.labels, some.first),
        ...countChanges(one, source.labels, classes, some.first),
      }));
    }, done.sums);
    await session.run(source, (some) => {
      fold.add(some);
      const images = done.images + some.first + some.images;
      track.note(images, fold.sums() as readonly WordHits[]);
      lasting.progressed();
      onImages(images);
    });
    return { words: fold.sums() as readonly WordHits[], refusedBatch: session.refusedBatch };
  });
}
