/** npm run bench [-- SUITE…] [-- --json FILE]: measures this device and prints one table. */
import { cpus } from 'node:os';
import type { Device } from '../src/gpu/device.ts';
import { openDevice } from '../src/gpu/node.ts';
import { parse, type SuiteName, USAGE } from './arguments.ts';
import { commit } from './commit.ts';
import { exitWith } from './exit.ts';
import { measureGrowth } from './growth.ts';
import { measureKernels } from './kernels.ts';
import { measureLadder } from './ladder.ts';
import { Stopwatch } from './measure.ts';
import { measureNetwork } from './network.ts';
import { measurePeaks, type PeakSuite } from './peak.ts';
import type { AddRow, BenchResult, Row } from './result.ts';
import { keepRows } from './rows.ts';
import { measureStepped } from './stepped.ts';
import { tableLines } from './table.ts';

type Suite = (device: Device, stopwatch: Stopwatch, peak: PeakSuite, add: AddRow) => Promise<void>;

/** By name; the peaks are always measured, since every share is of them. */
const SUITES: Readonly<Record<SuiteName, Suite>> = {
  peak: async (_device, _stopwatch, peak, add) => peak.rows.forEach(add),
  ladder: measureLadder,
  kernels: measureKernels,
  network: measureNetwork,
  stepped: measureStepped,
  growth: measureGrowth,
};

/** Variables that decide what lavapipe's code looks like. */
const DRIVER_VARIABLES = ['LP_NATIVE_VECTOR_WIDTH', 'MESA_SHADER_CACHE_DISABLE'] as const;

/** The line that repeats this measurement. */
function command(args: readonly string[]): string {
  const variables = DRIVER_VARIABLES.flatMap((name) => (process.env[name] ? [`${name}=${process.env[name]}`] : []));
  return [...variables, 'npm run bench', ...(args.length > 0 ? ['--', ...args.filter((arg) => arg !== '--')] : [])].join(' ');
}

/** Cores that others keep busy, over one second. (A load average would still count what has just ended.) */
async function busyCores(): Promise<number> {
  const busyMs = () => cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
  const [before, start] = [busyMs(), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return (busyMs() - before) / (performance.now() - start);
}

/** What a result says of the run. @param load cores that others keep busy */
function headOf(device: Device, line: string, load: number): Omit<BenchResult, 'timestamps' | 'peaks' | 'rows'> {
  const { adapter, driver, software } = device.description;
  return {
    device: { adapter, driver },
    software,
    commit: commit(),
    date: new Date().toISOString(),
    command: line,
    host: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      vectorBits: /(\d+)[ -]bits/.exec(`${device.adapter.info.device} ${driver}`)?.[1] ?? null,
      shaderCache: process.env.MESA_SHADER_CACHE_DISABLE !== 'true',
      load,
    },
  };
}

async function main(args: readonly string[]): Promise<number> {
  const parsed = parse(args);
  if (!parsed) {
    console.error(USAGE);
    return 2;
  }
  if (process.env.LP_NATIVE_VECTOR_WIDTH && process.env.MESA_SHADER_CACHE_DISABLE !== 'true') {
    console.error('warning: Mesa’s cache may hold code of another vector width; set MESA_SHADER_CACHE_DISABLE=true');
  }
  const load = await busyCores();
  const device = await openDevice();
  const stopwatch = new Stopwatch(device);
  try {
    console.error('measuring: bounds of the device');
    const peak = await measurePeaks(device, stopwatch);
    const head = { ...headOf(device, command(args), load), timestamps: stopwatch.timestamps, peaks: peak.peaks };
    const kept = keepRows<Row>(parsed.json, () => head);
    for (const suite of parsed.suites) {
      console.error(`measuring: ${suite}`);
      await SUITES[suite](device, stopwatch, peak, kept.add);
    }
    peak.dispose();
    console.log(tableLines({ ...head, rows: kept.finish() }).join('\n'));
    return 0;
  } finally {
    stopwatch.dispose();
    device.dispose();
  }
}

await exitWith(main);
