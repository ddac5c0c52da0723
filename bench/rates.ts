/**
 * node scripts/run-ts.mjs bench/rates.ts [BATCHES] [--json FILE] [--default-form]: ResNet-20, three words, images a second of the whole call
 * against batch (64,256,1024,4096) and the form of its kernels (only the device's default); how much of it the GPU was idle. Before other
 * forms, each dispatch of the largest batch alone.
 */
import { parseArgs } from 'node:util';
import type { Device } from '../src/gpu/device.ts';
import { openDevice } from '../src/gpu/node.ts';
import type { SpikingNetwork } from '../src/network/network.ts';
import { Session } from '../src/run/session.ts';
import { commit } from './commit.ts';
import { exitWith } from './exit.ts';
import { randomImages, variantsOf, WAVES } from './kernels.ts';
import { countedMs, median, Stopwatch, timesOfCalls } from './measure.ts';
import { resnet20 } from './network.ts';
import { keepRows } from './rows.ts';
import { digits } from './table.ts';

/** Images of a call at least: the first batch is to count little. */
const IMAGES = 4096;
const RUNS = 3;

/** One batch and form. */
interface RateRow {
  readonly kind: 'rate';
  readonly form: string;
  /** Images at once, after it was cut to what fits. */
  readonly batch: number;
  readonly images: number;
  readonly perSecond: number;
  /** In the call's first run, in which drivers compile. */
  readonly firstBatchMs: number;
  /** Part of the last run in which the GPU did nothing; null without timestamps. */
  readonly idle: number | null;
  readonly bytes: number;
}

/** One dispatch of a batch. */
interface DispatchRow {
  readonly kind: 'dispatch';
  readonly name: string;
  readonly kernel: string;
  readonly batch: number;
  readonly us: number;
  readonly gmacs: number;
}

async function rateOf(device: Device, network: SpikingNetwork, form: string, options: object, wanted: number): Promise<RateRow> {
  const session = await Session.create(device, network, { batch: wanted, waves: WAVES, ...options });
  try {
    const { batch } = session.plan;
    const images = device.capabilities.software ? batch : Math.ceil(IMAGES / batch) * batch;
    const pixels = randomImages(network, images);
    let { timing } = await session.classify(pixels);
    const firstBatchMs = 1e3 * timing.firstBatchSeconds;
    const times = await timesOfCalls(RUNS, async () => {
      const result = await session.classify(pixels);
      timing = result.timing;
      return result.spikes;
    });
    const idle = timing.gpuBusySeconds === null ? null : 1 - timing.gpuBusySeconds / timing.seconds;
    return {
      kind: 'rate',
      form,
      batch,
      images,
      perSecond: (1e3 * images) / median(times),
      firstBatchMs,
      idle,
      bytes: session.bytes,
    };
  } finally {
    session.dispose();
  }
}

async function measureDispatches(device: Device, network: SpikingNetwork, wanted: number, add: (row: DispatchRow) => void) {
  const session = await Session.create(device, network, { batch: wanted, waves: WAVES });
  const stopwatch = new Stopwatch(device);
  try {
    const { batch, dispatches } = session.plan;
    await session.classify(randomImages(network, batch));
    for (const [i, { name, kernel, macs }] of dispatches.entries()) {
      const ms = countedMs(await stopwatch.measure(await stopwatch.scale([session.engine.kernels[i]]), { samples: 3 }));
      add({ kind: 'dispatch', name, kernel, batch, us: 1e3 * ms, gmacs: macs / ms / 1e6 });
    }
  } finally {
    stopwatch.dispose();
    session.dispose();
  }
}

const line = (row: RateRow | DispatchRow): string =>
  row.kind === 'rate'
    ? `${row.form.padEnd(28)} batch ${String(row.batch).padStart(5)} ${digits(row.perSecond).padStart(8)} images/s, first batch ${digits(row.firstBatchMs)} ms, idle ${row.idle === null ? 'unknown' : `${Math.round(100 * row.idle)} %`}, ${digits(row.bytes / 2 ** 20)} MiB`
    : `${row.name.slice(0, 28).padEnd(28)} ${row.kernel.padEnd(16)} ${digits(row.us).padStart(8)} µs ${row.gmacs > 0 ? `${digits(row.gmacs)} GMAC/s` : ''}`;

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: 'string' }, 'default-form': { type: 'boolean' } },
  });
  const batches = (positionals[0] ?? '64,256,1024,4096').split(',').map(Number);
  const device = await openDevice();
  const head = { device: device.description, commit: commit() };
  const kept = keepRows<RateRow | DispatchRow>(values.json ?? null, () => head);
  const add = (row: RateRow | DispatchRow): void => {
    kept.add(row);
    console.log(line(row));
  };
  try {
    const network = await resnet20();
    for (const batch of batches) add(await rateOf(device, network, 'default', {}, batch));
    await measureDispatches(device, network, Math.max(...batches), add);
    const forms = values['default-form'] ? [] : variantsOf(device);
    for (const { name, options } of forms) {
      for (const batch of batches) add(await rateOf(device, network, name, options, batch));
    }
    kept.finish();
    return 0;
  } finally {
    device.dispose();
  }
}

await exitWith(main);
