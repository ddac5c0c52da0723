import type { Device } from '../gpu/device.ts';
import type { SpikingNetwork } from '../network/network.ts';
import type { Batch } from '../run/batch.ts';
import { Session } from '../run/session.ts';
import { type Changes, countChanges, countHits, type Hits } from './accuracy.ts';
import { readingsAt } from './curve.ts';
import { folding } from './folds.ts';
import type { Part } from './passes.ts';
import type { Evaluation } from './prepare.ts';

/** Where each word of a network puts images that the trained network has seen. */
export async function wordHits(
  device: Device,
  network: SpikingNetwork,
  { waves, batch, choices }: Pick<Evaluation, 'waves' | 'batch' | 'choices'>,
  { source, classes }: Part,
  onImages: (done: number) => void,
): Promise<readonly (Hits & Changes)[]> {
  const session = await Session.create(device, network, { waves, batch, imageCount: source.count, choices });
  try {
    const { words } = session;
    const fold = folding((some: Batch) =>
      words.map((point) => {
        const readings = readingsAt(some, point, session.units);
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
