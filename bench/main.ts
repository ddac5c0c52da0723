/** npm run bench [-- SUITE…] [-- --json FILE]: measures this device and prints one table. */
import { writeFileSync } from 'node:fs';
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
import type { BenchResult, Row } from './result.ts';
import { measureStepped } from './stepped.ts';
import { tableLines } from './table.ts';

type Suite = (device: Device, stopwatch: Stopwatch, peak: PeakSuite) => Promise<Row[]>;

/** By name; the peaks are always measured, since every share is of them. */
const SUITES: Readonly<Record<SuiteName, Suite>> = {
  peak: async (_device, _stopwatch, peak) => [...peak.rows],
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
    const rows: Row[] = [];
    for (const suite of parsed.suites) {
      console.error(`measuring: ${suite}`);
      rows.push(...(await SUITES[suite](device, stopwatch, peak)));
    }
    peak.dispose();
    const { adapter, driver, software } = device.description;
    const result: BenchResult = {
      device: { adapter, driver },
      software,
      commit: commit(),
      date: new Date().toISOString(),
      command: command(args),
      host: {
        cpu: cpus()[0]?.model ?? 'unknown',
        cores: cpus().length,
        vectorBits: /(\d+)[ -]bits/.exec(`${device.adapter.info.device} ${driver}`)?.[1] ?? null,
        shaderCache: process.env.MESA_SHADER_CACHE_DISABLE !== 'true',
        load,
      },
      timestamps: stopwatch.timestamps,
      peaks: peak.peaks,
      rows,
    };
    console.log(tableLines(result).join('\n'));
    if (parsed.json) writeFileSync(parsed.json, `${JSON.stringify(result, null, 2)}\n`);
    return 0;
  } finally {
    stopwatch.dispose();
    device.dispose();
  }
}

await exitWith(main);
