import type { Device } from '../gpu/device.ts';
import type { SpikingNetwork } from '../network/network.ts';
import { readoutPhases } from '../network/timetable.ts';
import type { AnnSession } from '../run/ann-session.ts';
import type { Batch } from '../run/batch.ts';
import { Session } from '../run/session.ts';
import { type Changes, countChanges, countHits, type Hits } from './accuracy.ts';
import { readingsAt } from './curve.ts';
import { folding } from './folds.ts';
import { type Part, trainedFold } from './passes.ts';
import type { Evaluation } from './prepare.ts';

/** Accuracy by words, and what of the trained network's is lost and won: for who compares conversions. */

/** Where the trained network puts the images of a part, whose classes it notes. @param onImages called with the images done */
export async function trainedHits(session: AnnSession, part: Part, onImages: (done: number) => void): Promise<Hits> {
  const fold = trainedFold(part);
  await session.run(part.source, (batch) => {
    fold.add(batch);
    onImages(batch.first + batch.images);
  });
  return fold.sums() as Hits;
}

/** Where each word of a network puts images that the trained network has seen. */
export async function wordHits(
  device: Device,
  network: SpikingNetwork,
  { waves, batch, choices }: Pick<Evaluation, 'waves' | 'batch' | 'choices'>,
  { source, classes }: Part,
  onImages: (done: number) => void,
): Promise<readonly (Hits & Changes)[]> {
  const session = await Session.create(device, network, { waves, batch, choices });
  try {
    const window = readoutPhases(network.timetable);
    const fold = folding((some: Batch) =>
      Array.from({ length: waves }, (_, w) => {
        const readings = readingsAt(some, (w + 1) * window - 1, session.units);
        return {
          ...countHits(readings, source.labels, some.first),
          ...countChanges(readings, source.labels, classes, some.first),
        };
      }),
    );
    await session.run(source, (some) => {
      fold.add(some);
      onImages(some.first + some.images);
    });
    return fold.sums() as (Hits & Changes)[];
  } finally {
    session.dispose();
  }
}
