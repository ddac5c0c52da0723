import type { Images } from '../../src/data/data-set.ts';
import { accuracy } from '../../src/evaluate/accuracy.ts';
import { readoutAt } from '../../src/evaluate/curve.ts';
import type { Device } from '../../src/gpu/device.ts';
import type { SpikingNetwork } from '../../src/network/network.ts';
import { wordSteps } from '../../src/network/time.ts';
import { type RunResult, Session } from '../../src/session/session.ts';
import { takeTimes } from './clock.ts';
import type { Measured } from './result.ts';

/** Timed runs over all images, after one that is not; the median counts. */
const RUNS = 3;

/** Ours: the windowed engine until the readout has its `waves`-th word, from pixels in memory to logits in memory. */
export async function measureOurs(
  device: Device,
  network: SpikingNetwork,
  images: Images,
  batch: number,
  waves: number,
  versions: string,
): Promise<{ readonly row: Measured; readonly run: RunResult }> {
  const session = await Session.create(device, network, { batch, waves });
  try {
    let run = await session.run(images.pixels);
    const { seconds, cpuSeconds } = await takeTimes(RUNS, async () => {
      run = await session.run(images.pixels);
    });
    const row: Measured = {
      name: `ours, word ${waves}`,
      imagesPerSecond: run.images / seconds,
      cpuMs: (1e3 * cpuSeconds) / run.images,
      images: run.images,
      accuracy: accuracy(readoutAt(run, run.steps.length - 1), images.labels).top1,
      batch: session.plan.batch,
      steps: wordSteps(network, waves),
      versions,
      reason: null,
      wrong: false,
    };
    return { row, run };
  } finally {
    session.dispose();
  }
}
