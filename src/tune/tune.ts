import { shapeSize } from '../ann/ann.ts';
import { randomPixels } from '../ann/build.ts';
import { BYTES, type Checks, checkArgument, checkOptions, FUNCTION, only } from '../checks.ts';
import { DeviceError, OptionError } from '../errors.ts';
import { DEVICE, type Device } from '../gpu/device.ts';
import { isAccumulate } from '../kernels/kernel.ts';
import { NETWORK, type SpikingNetwork, type SpikingNeurons } from '../network/network.ts';
import type { BatchSize } from '../plan/batch.ts';
import {
  CHOICES,
  type Choice,
  type Choices,
  candidatesOf,
  defaultChoice,
  isSameChoice,
  shapeKey,
  tunedChoice,
} from '../plan/choices.ts';
import { planWords } from '../plan/words/plan.ts';
import { type RunResult, SESSION_OPTIONS, Session } from '../run/session.ts';

import { type PassTimer, passTimer } from './pass-timer.ts';
import { untilSettled } from './settle.ts';

/** How to tune; batch and waves should be those of the sessions that follow. */
export interface TuneOptions {
  /** Images at once, at most, or "auto" (default): as many as fill the device. */
  readonly batch?: BatchSize;
  /** Words that every layer sends (default 3). */
  readonly waves?: number;
  /** Shapes that need not be measured again. */
  readonly known?: Choices;
  /**
   * Pixels to run, [image][channel][y][x], over and over where they are less than a batch; pseudo-random ones by default. Times do not depend
   * on them.
   */
  readonly images?: Uint8Array;
  /** Called before each candidate is measured. */
  readonly onProgress?: (candidate: Choice, done: number, candidates: number) => void;
}

/** What each of `TuneOptions` must be. */
export const TUNE_OPTIONS: Checks<TuneOptions> = {
  ...only(SESSION_OPTIONS, 'batch', 'waves'),
  known: CHOICES,
  images: BYTES,
  onProgress: FUNCTION,
};

/** What was measured for one shape; layers of one shape take the same time, so that one of them is measured. */
export interface ShapeTiming {
  readonly shape: string;
  /** Layers of this shape. */
  readonly layers: number;
  /** Every candidate with the milliseconds that all these layers take for one batch, the fastest first. */
  readonly candidates: readonly { readonly choice: Choice; readonly ms: number }[];
  /** What these layers would be computed with if nothing had been measured. */
  readonly untuned: Choice;
}

/**
 * Finds the fastest kernels for every layer shape of a network. Only time depends on them: every candidate must give the same
 * integers, and that is checked.
 * @returns the choices for `Session.create`, those already known among them
 * @throws DeviceError where two candidates differ in any potential or count of spikes
 */
export async function tune(device: Device, network: SpikingNetwork, options: TuneOptions = {}): Promise<Choices> {
  checkArgument('device', device, DEVICE);
  checkArgument('network', network, NETWORK);
  const given = checkOptions(options, TUNE_OPTIONS);
  return { ...given.known, ...fastest(await measureShapes(device, network, given)) };
}

/** The fastest candidate of each shape. Pure. */
export const fastest = (timings: readonly ShapeTiming[]): Choices =>
  Object.fromEntries(timings.map(({ shape, candidates }) => [shape, candidates[0].choice]));

/** The layers of one shape, by index. */
interface Group {
  readonly shape: string;
  readonly layers: readonly number[];
  readonly candidates: readonly Choice[];
  readonly untuned: Choice;
}

/** Turns of every candidate, the least time of which counts: load that comes and goes should not meet one of them alone. */
const ROUNDS = 2;

/** Measures all candidates of all shapes that are not known. @throws as `tune` */
export async function measureShapes(device: Device, network: SpikingNetwork, options: TuneOptions = {}): Promise<ShapeTiming[]> {
  const { waves = 3, onProgress } = options;
  const { limits, capabilities } = device;
  // that of the sessions that follow, whatever a candidate would fill the device with
  const { software } = capabilities;
  const { batch } = planWords(network, limits, { capabilities, software, batch: options.batch ?? 'auto', waves });
  const groups = groupLayers(device, network, options.known ?? {}, batch);
  const candidates = distinct(groups.flatMap((group) => group.candidates));
  const size = shapeSize(network.input.shape);
  const images = options.images ? repeated(options.images, batch * size) : randomPixels(network.input.shape, batch, 1);
  const measured = candidates.map((choice) => ({ choice, layerMs: network.layers.map(() => Infinity) }));
  let expected: RunResult | null = null;
  for (let turn = 0; turn < ROUNDS * candidates.length; turn++) {
    const { choice, layerMs } = measured[turn % candidates.length];
    onProgress?.(choice, turn, ROUNDS * candidates.length);
    const session = await Session.create(device, network, { ...choice, batch, waves });
    try {
      const run = await session.classify(images);
      expected ??= run;
      checkSame(device, choice, expected, run);
      const layers = groups.filter((group) => isAmong(group.candidates, choice)).map((group) => group.layers[0]);
      for (const [l, ms] of await timeLayers(session, layers)) layerMs[l] = Math.min(layerMs[l], ms);
    } finally {
      session.dispose();
    }
  }
  return groups.map(({ shape, layers, candidates: own, untuned }) => {
    const times = measured
      .filter(({ choice }) => isAmong(own, choice))
      .map(({ choice, layerMs }) => ({ choice, ms: layers.length * layerMs[layers[0]] }));
    return { shape, layers: layers.length, candidates: times.sort((a, b) => a.ms - b.ms), untuned };
  });
}

/** The layers that integrate and fire, by shape, without those whose shape has a known choice that holds here. */
function groupLayers(device: Device, network: SpikingNetwork, known: Choices, batch: number): Group[] {
  const { capabilities } = device;
  const groups = new Map<string, Group & { readonly layers: number[] }>();
  network.layers.forEach((layer, l) => {
    if (layer.kind !== 'neurons' || tunedChoice(network, layer, known, capabilities, batch)) return;
    const shape = shapeKey(network, layer, batch);
    const group = groups.get(shape) ?? newGroup(shape, layer, capabilities);
    groups.set(shape, group);
    group.layers.push(l);
  });
  return [...groups.values()];
}

/** So many bytes: what is given, over and over. A batch that is not full would not take the time of one that is. @throws OptionError */
function repeated(pixels: Uint8Array, length: number): Uint8Array {
  if (pixels.length === 0) throw new OptionError('images', 'images', 'are none', 'give one, or leave the option out');
  const all = new Uint8Array(length);
  for (let at = 0; at < length; at += pixels.length) all.set(pixels.subarray(0, Math.min(pixels.length, length - at)), at);
  return all;
}

const newGroup = (shape: string, layer: SpikingNeurons, capabilities: Device['capabilities']) => ({
  shape,
  layers: [] as number[],
  candidates: candidatesOf(capabilities, layer),
  untuned: defaultChoice(capabilities, layer),
});

const isAmong = (choices: readonly Choice[], choice: Choice): boolean => choices.some((other) => isSameChoice(other, choice));

const distinct = (choices: readonly Choice[]): Choice[] =>
  choices.filter((choice, i) => choices.findIndex((other) => isSameChoice(other, choice)) === i);

/** A sample takes so many ms at least … */
const SAMPLE_MS = 2;
/** … and so many where timestamps are rounded to a fifteenth of one. */
const ROUNDED_SAMPLE_MS = 20;
/** Times that a sample of SAMPLE_MS repeats a kernel, at most; longer ones in proportion. */
const MOST_REPEATS = 256;
/** Repetitions that a short kernel's time is first found with where timestamps are rounded. */
const ROUNDED_REPEATS = 32;
/** Samples are taken until their times settle, or have taken so many ms of a session; the least counts: other load only adds. */
const SETTLE_MS = 60;

/**
 * Milliseconds of layers, by index, for one batch of a session that has run; all shares of a layer's channels together. What
 * the kernels read has been overwritten in part by then, but their time does not depend on it.
 */
async function timeLayers(session: Session, layers: readonly number[]): Promise<Map<number, number>> {
  const { plan, engine, device } = session;
  const work = plan.dispatches.flatMap(({ kernel, layer }, i) =>
    layers.includes(layer) && isAccumulate(kernel) ? [{ layer, kernel: engine.kernels[i] }] : [],
  );
  const timer = passTimer(device);
  try {
    const times = await leastTimes(timer, work);
    const layerMs = new Map(layers.map((l) => [l, 0]));
    work.forEach(({ layer }, i) => {
      layerMs.set(layer, (layerMs.get(layer) ?? 0) + times[i]);
    });
    return layerMs;
  } finally {
    timer.dispose();
  }
}

async function leastTimes(timer: PassTimer, work: readonly { readonly kernel: Session['engine']['kernels'][number] }[]) {
  const once = await timer.time(work.map(({ kernel }) => ({ kernel, repeat: 1 })));
  const rounded = timer.isRounded();
  const inFull = (ms: number) => ms * ROUNDED_REPEATS > ROUNDED_SAMPLE_MS;
  const longer = work.map(({ kernel }, i) => ({ kernel, repeat: inFull(once[i]) ? 1 : ROUNDED_REPEATS }));
  const known = rounded ? await timer.time(longer) : once;
  const repeated = work.map(({ kernel }, i) => ({ kernel, repeat: repeatsFor(known[i], rounded) }));
  let least = once.map((ms, i) => (repeated[i].repeat === 1 ? ms : Infinity));
  await untilSettled(async () => {
    const times = await timer.time(repeated);
    least = least.map((ms, i) => Math.min(ms, times[i]));
    return times.reduce((sum, ms, i) => sum + ms * repeated[i].repeat, 0);
  }, SETTLE_MS);
  return least;
}

/** How often a sample repeats a kernel that takes `ms`. Pure. */
export function repeatsFor(ms: number, rounded: boolean): number {
  const sampleMs = rounded ? ROUNDED_SAMPLE_MS : SAMPLE_MS;
  const most = (MOST_REPEATS * sampleMs) / SAMPLE_MS;
  return Math.min(most, Math.max(1, Math.ceil(sampleMs / Math.max(ms, sampleMs / most))));
}

/** Integers of two candidates, all of which must be equal. */
function checkSame(device: Device, { form, arithmetic, weights }: Choice, expected: RunResult, found: RunResult): void {
  const differs = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    a.length !== b.length || Array.prototype.some.call(a, (v, i) => v !== b[i]);
  if (!differs(expected.potentials, found.potentials) && !differs(expected.spikes, found.spikes)) return;
  throw new DeviceError(
    'tuning-differs',
    device.description.adapter,
    `kernels "${form} ${arithmetic} ${weights}" give other integers than the first candidate`,
    'update the driver, or choose another GPU (--adapter); `bsnn doctor` tests it',
  );
}
