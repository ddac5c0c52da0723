import { accuracyOf, countHits } from '../../src/evaluate/accuracy.ts';
import { readingsAt } from '../../src/evaluate/curve.ts';
import type { Device } from '../../src/gpu/device.ts';
import type { SpikingNetwork } from '../../src/network/network.ts';
import { wordSteps } from '../../src/network/timetable.ts';
import { type RunResult, Session } from '../../src/run/session.ts';
import { SteppedSession } from '../../src/run/stepped-session.ts';
import { takeTimes } from './clock.ts';
import type { Images } from './images.ts';
import type { Measured } from './result.ts';

/** Timed runs over all images, after one that is not; the median counts. */
const RUNS = 3;

/** Images at most of the stepped engine: enough batches that the first one's wait does not count. */
const STEPPED_IMAGES = 320;

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
    let run = await session.classify(images.pixels);
    const { seconds, cpuSeconds } = await takeTimes(RUNS, async () => {
      run = await session.classify(images.pixels);
    });
    const row: Measured = {
      name: `ours, word ${waves}`,
      imagesPerSecond: run.images / seconds,
      cpuMs: (1e3 * cpuSeconds) / run.images,
      images: run.images,
      accuracy: accuracyOf(countHits(readingsAt(run, run.steps.length - 1, run.units), images.labels)).top1,
      batch: session.plan.batch,
      steps: wordSteps(network.timetable, waves),
      versions,
      reason: null,
      wrong: false,
    };
    return { row, run };
  } finally {
    session.dispose();
  }
}

/**
 * Ours: the stepped engine, one time step after another until the readout has its first word: what `literal.py` does.
 * @param windowed what the windowed engine gave; its last potentials must be the same
 */
export async function measureOursStepped(
  device: Device,
  network: SpikingNetwork,
  images: Images,
  batch: number,
  windowed: RunResult,
  versions: string,
): Promise<Measured> {
  const steps = wordSteps(network.timetable, 1);
  const session = await SteppedSession.create(device, network, { timesteps: steps, batch });
  try {
    const count = Math.min(images.count, STEPPED_IMAGES);
    const pixels = images.pixels.subarray(0, (images.pixels.length / images.count) * count);
    let run = await session.classify(pixels);
    const { seconds, cpuSeconds } = await takeTimes(RUNS, async () => {
      run = await session.classify(pixels);
    });
    const { classes } = session.plan;
    const last = run.potentials.subarray((steps - 1) * count * classes);
    const expected = windowed.potentials.subarray((windowed.steps.length - 1) * windowed.images * classes);
    const wrong = last.some((v, i) => v !== expected[i]);
    return {
      name: 'ours, stepped',
      imagesPerSecond: count / seconds,
      cpuMs: (1e3 * cpuSeconds) / count,
      images: count,
      accuracy: accuracyOf(countHits({ values: last, images: count, units: run.units }, images.labels)).top1,
      batch: session.plan.batch,
      steps,
      versions,
      reason: wrong ? 'its potentials are not those of the windowed engine' : null,
      wrong,
    };
  } finally {
    session.dispose();
  }
}
