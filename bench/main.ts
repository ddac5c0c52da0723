/** npm run bench [-- SUITE…] [-- --json FILE]: measures this device and prints one table. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { BsnnError } from '../src/errors.ts';
import type { Device } from '../src/gpu/device.ts';
import { openDevice } from '../src/gpu/node.ts';
import { parse, type SuiteName, USAGE } from './arguments.ts';
import { measureKernels } from './kernels.ts';
import { measureLadder } from './ladder.ts';
import { Stopwatch } from './measure.ts';
import { measureNetwork } from './network.ts';
import { measurePeaks, type PeakSuite } from './peak.ts';
import type { BenchResult, Row } from './result.ts';
import { ROOT } from './root.ts';
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
};

function commit(): string {
  try {
    const git = (...args: string[]) =>
      execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    const changed = git('status', '--porcelain', '--', 'src', 'shaders', 'bench/shaders') !== '';
    return git('rev-parse', '--short', 'HEAD') + (changed ? ' + changes' : '');
  } catch {
    return 'unknown';
  }
}

async function main(args: readonly string[]): Promise<number> {
  const parsed = parse(args);
  if (!parsed) {
    console.error(USAGE);
    return 2;
  }
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
      command: `npm run bench -- ${args.join(' ')}`.trim(),
      host: {
        cpu: cpus()[0]?.model ?? 'unknown',
        cores: cpus().length,
        vectorBits: /(\d+)[ -]bits/.exec(`${device.adapter.info.device} ${driver}`)?.[1] ?? null,
        shaderCache: process.env.MESA_SHADER_CACHE_DISABLE !== 'true',
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

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof BsnnError)) throw error;
  console.error(error.message);
  process.exitCode = error.exitCode;
}
