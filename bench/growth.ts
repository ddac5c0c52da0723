import { shapeSize } from '../src/ann/ann.ts';
import type { Device } from '../src/gpu/device.ts';
import { phasesAt, type SpikingNetwork } from '../src/network/network.ts';
import { defaultArithmetic } from '../src/plan/choices.ts';
import { Session } from '../src/run/session.ts';
import { randomImages } from './kernels.ts';
import { median, type Stopwatch, type Work } from './measure.ts';
import { type ResnetOptions, resnet, spiking } from './networks.ts';
import type { PeakSuite } from './peak.ts';
import type { AddRow, Axis, Row } from './result.ts';

/** Everything that is varied, one at a time, from these values. */
export const BASE: Readonly<Record<Axis, number>> = { batch: 64, waves: 1, K: 4, width: 1, depth: 20, resolution: 32 };

/** Values along each axis; a network with a base value is measured once an axis, as a check of the noise. */
export const AXES: Readonly<Record<Axis, readonly number[]>> = {
  batch: [1, 2, 4, 8, 16, 32, 64, 128, 256],
  waves: [1, 2, 3, 4],
  K: [1, 2, 3, 4, 5, 6, 7, 8],
  width: [0.5, 1, 2, 4],
  depth: [8, 14, 20, 32, 56],
  resolution: [16, 32, 64, 128],
};

/** GPU time of one point's samples together, in ms; at least one sample, at most five. */
const BUDGET_MS = 1500;
const MOST_SAMPLES = 5;
/** Least time of a sample, for short work is repeated. */
const SAMPLE_MS = 20;

/** ResNet-20 with random weights, K = 4, 64 images at once, one wave; then one of these changed. */
export async function measureGrowth(device: Device, stopwatch: Stopwatch, peak: PeakSuite, add: AddRow): Promise<void> {
  for (const axis of Object.keys(AXES) as Axis[]) {
    for (const at of AXES[axis]) add(await measurePoint(device, stopwatch, peak, axis, at));
  }
}

/** The network of a point: CIFAR's residual network of that depth, width, resolution and K. */
export function networkAt(point: Readonly<Record<Axis, number>>): SpikingNetwork {
  const { depth, width, resolution, K } = point;
  const options: ResnetOptions = { depth, width, resolution, classes: 10 };
  return spiking(resnet(options), K);
}

async function measurePoint(device: Device, stopwatch: Stopwatch, peak: PeakSuite, axis: Axis, at: number): Promise<Row> {
  const point = { ...BASE, [axis]: at };
  const network = networkAt(point);
  const session = await Session.create(device, network, { batch: point.batch, waves: point.waves });
  try {
    const { batch } = session.plan;
    await runAndCheck(session);
    const macs = session.plan.dispatches.reduce((sum, d) => sum + d.macs, 0);
    // the unit that the kernels use
    const dot4 = defaultArithmetic(device.capabilities) === 'packed' ? peak.dot4 : null;
    const { ms, wallMs, beside, spread } = await timeBeside(stopwatch, session.engine.kernels, dot4 ?? peak.fma);
    const boundGmacs = (dot4 ? peak.dot4Macs : peak.fmaMacs) / beside / 1e6;
    const gmacs = macs / ms / 1e6;
    const share = gmacs / boundGmacs;
    return {
      suite: 'growth',
      name: `ResNet, ${axis} = ${at}`,
      variant: batch === point.batch ? '' : `batch cut to ${batch}`,
      gmacs,
      gbps: null,
      imagesPerSecond: (batch / ms) * 1e3,
      share,
      bound: dot4 ? 'dot4' : 'fma',
      dotShare: dot4 ? share : null,
      gpuMs: stopwatch.timestamps ? ms : null,
      wallMs,
      spread,
      axis,
      at,
      bytes: session.bytes,
      boundImagesPerSecond: (boundGmacs * 1e9 * batch) / macs,
    };
  } finally {
    session.dispose();
  }
}

/** Fills a batch and runs it. @throws Error where a layer is silent or saturated: its time would not be a real network's */
async function runAndCheck(session: Session): Promise<void> {
  const { network, plan } = session;
  const { spikes } = await session.classify(randomImages(network, plan.batch));
  network.layers.forEach(({ kind, name, shape }, l) => {
    const perWord = spikes[l] / (shapeSize(shape) * plan.batch * plan.waves);
    if (kind === 'neurons' && !(perWord > 0 && perWord < phasesAt(network, l))) {
      throw new Error(`${network.name}, ${name}: ${perWord} spikes a word`);
    }
  });
}

/** Medians, in ms: one repetition of the kernels, and of the bound measured right before each sample. */
async function timeBeside(
  stopwatch: Stopwatch,
  kernels: Work['kernels'],
  bound: Work,
): Promise<{ readonly ms: number; readonly wallMs: number; readonly beside: number; readonly spread: number }> {
  const work = await stopwatch.scale(kernels, SAMPLE_MS);
  await stopwatch.warmUp(work);
  const [gpu, wall] = await stopwatch.once(work);
  const samples = Math.max(1, Math.min(MOST_SAMPLES, Math.floor(BUDGET_MS / (gpu ?? wall))));
  const times: number[] = [];
  const besides: number[] = [];
  for (let i = 0; i < samples; i++) {
    const [boundGpu, boundWall] = await stopwatch.once(bound);
    const [g, w] = await stopwatch.once(work);
    besides.push((boundGpu ?? boundWall) / bound.repeat);
    times.push((g ?? w) / work.repeat);
  }
  const ms = median(times);
  const spread = median(times.map((t) => Math.abs(t - ms))) / ms;
  return { ms, wallMs: wall / work.repeat, beside: median(besides), spread };
}
