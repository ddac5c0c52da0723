/**
 * node scripts/run-ts.mjs bench/endurance.ts [BATCHES SESSIONS DEVICES]: 10,000 batches in one session, 5,000 sessions of three kinds on one
 * device, 300 devices; memory, threads and open files in between. Writes docs/reliability/endurance.svg where nothing is given. All results are
 * compared with the first ones. Exit 1 where one differs, or where something grows.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomPixels } from '../src/ann/build.ts';
import type { Device } from '../src/gpu/device.ts';
import { openDevice } from '../src/gpu/node.ts';
import { AnnSession } from '../src/run/ann-session.ts';
import { Session } from '../src/run/session.ts';
import type { ImageSource } from '../src/run/source.ts';
import { SteppedSession } from '../src/run/stepped-session.ts';
import { enduranceChart } from './endurance/chart.ts';
import { NORMALIZATION, tinyAnn, tinyNetwork } from './endurance/network.ts';
import { type Growth, growthOver, type Held, watch } from './endurance/watch.ts';
import { ROOT } from './root.ts';

const USAGE = 'usage: node scripts/run-ts.mjs bench/endurance.ts [BATCHES SESSIONS DEVICES]';
const WANTED = [10_000, 5_000, 300];
/** Samples of a stage. */
const SAMPLES = 50;
/** By how much a stage may grow. Resident memory wanders; what JavaScript holds does not. */
const MOST: Growth = { mebibytes: 12, heap: 0.5, threads: 1, files: 1 };

const BATCH = 8;
const ANN = tinyAnn();
const NETWORK = tinyNetwork(ANN);
const PIXELS = randomPixels(NETWORK.input.shape, BATCH, 5);

/** Notes what is held, so many times a stage. */
type Note = (stage: string, done: number, all: number) => void;

/** Fails where two results are not the same bits. */
function checkSame(found: ArrayLike<number>, wanted: ArrayLike<number>, where: string): void {
  for (let i = 0; i < Math.max(found.length, wanted.length); i++) {
    if (found[i] !== wanted[i]) throw new Error(`${where}: value ${i} is ${found[i]}, the first time it was ${wanted[i]}`);
  }
}

/** The same images again and again, held by nobody. */
const repeated = (batches: number): ImageSource => ({
  count: batches * BATCH,
  shape: NETWORK.input.shape,
  labels: null,
  read: (_, count) => PIXELS.slice(0, (PIXELS.length / BATCH) * count),
});

async function runBatches(device: Device, batches: number, note: Note): Promise<void> {
  const session = await Session.create(device, NETWORK, { batch: BATCH });
  let first: Float64Array | null = null;
  let done = 0;
  await session.run(repeated(batches), ({ potentials }) => {
    first ??= potentials;
    checkSame(potentials, first, `batch ${done}`);
    note('batches', ++done, batches);
  });
  session.dispose();
}

/** One session of a kind: made, used, let go. */
const KINDS: readonly ((device: Device) => Promise<ArrayLike<number>>)[] = [
  async (device) => {
    const session = await Session.create(device, NETWORK, { batch: BATCH });
    const { potentials } = await session.classify(PIXELS);
    session.dispose();
    return potentials;
  },
  async (device) => {
    const session = await SteppedSession.create(device, NETWORK, { batch: BATCH, timesteps: 12 });
    const { potentials } = await session.classify(PIXELS);
    session.dispose();
    return potentials;
  },
  async (device) => {
    const session = await AnnSession.create(device, ANN, { batch: BATCH, ...NORMALIZATION });
    const { logits } = await session.classify(PIXELS);
    session.dispose();
    return logits;
  },
];

async function makeSessions(device: Device, sessions: number, note: Note): Promise<void> {
  const first = KINDS.map(() => null as ArrayLike<number> | null);
  for (let i = 0; i < sessions; i++) {
    const kind = i % KINDS.length;
    const found = await KINDS[kind](device);
    first[kind] ??= found;
    checkSame(found, first[kind], `session ${i}`);
    note('sessions', i + 1, sessions);
  }
}

async function openDevices(devices: number, note: Note): Promise<void> {
  let first: ArrayLike<number> | null = null;
  for (let i = 0; i < devices; i++) {
    const device = await openDevice();
    const found = await KINDS[0](device);
    device.dispose();
    first ??= found;
    checkSame(found, first, `device ${i}`);
    note('devices', i + 1, devices);
    await new Promise((resolve) => setTimeout(resolve, 100)); // a collector of garbage needs a moment of rest
  }
}

/** Prints what each stage grew by. @returns whether nothing did */
function report(samples: readonly Held[]): boolean {
  let flat = true;
  for (const stage of ['batches', 'sessions', 'devices']) {
    const growth = growthOver(samples, stage);
    const last = samples.findLast((sample) => sample.stage === stage);
    if (!last) continue;
    flat &&= (Object.keys(MOST) as (keyof Growth)[]).every((key) => growth[key] <= MOST[key]);
    const text = (of: Growth) =>
      `${of.mebibytes.toFixed(1)} MiB resident, ${of.heap.toFixed(2)} MiB of JavaScript, ${of.threads.toFixed(1)} threads, ${of.files.toFixed(1)} files`;
    console.log(`${last.done} ${stage}: grew by ${text(growth)}`);
    console.log(`  at the end ${text({ ...last, threads: last.threads ?? 0, files: last.files ?? 0 })}`);
  }
  return flat;
}

async function main(args: readonly string[]): Promise<number> {
  const wanted = args.length === 0 ? WANTED : args.map(Number);
  if (wanted.length !== 3 || !wanted.every((n) => Number.isSafeInteger(n) && n >= 1)) {
    console.error(USAGE);
    return 2;
  }
  const [batches, sessions, devices] = wanted;
  const samples: Held[] = [];
  const look = watch();
  const note: Note = (stage, done, all) => {
    if (done % Math.max(1, Math.floor(all / SAMPLES)) === 0 || done === all) samples.push(look(stage, done));
  };
  const device = await openDevice();
  const { adapter } = device.description;
  await runBatches(device, batches, note);
  await makeSessions(device, sessions, note);
  device.dispose();
  await openDevices(devices, note);
  const flat = report(samples);
  if (args.length === 0) {
    // the renderer is loaded late, so that its memory is not in the measurement
    const { renderSvg } = await import('../src/plot/render.ts');
    const title = `${batches} batches in one session, ${sessions} sessions, ${devices} devices`;
    const svg = await renderSvg(enduranceChart(samples, title, `one process on ${adapter}; all results equal to the first`));
    mkdirSync(join(ROOT, 'docs/reliability'), { recursive: true });
    writeFileSync(join(ROOT, 'docs/reliability/endurance.svg'), `${svg}\n`);
  }
  if (!flat) console.error(`not flat: ${JSON.stringify(MOST)} were to be the most`);
  return flat ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
