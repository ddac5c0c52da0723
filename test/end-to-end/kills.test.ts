import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { EXIT } from '../../src/errors.ts';
import { folderTest } from '../data/temporary-folder.ts';
import { type Compiled, compile } from '../helpers/compiled.ts';
import { SOAK } from '../helpers/soak.ts';

// Processes of their own, killed without warning and started again. `npm test` does the same within one process (test/evaluate/evaluate).
const { device } = SOAK ? await import('../helpers/device.ts') : { device: null };
device?.dispose();

const KILLS = Number(process.env.KILLS ?? 50);

let compiled: Compiled | null = null;
beforeAll(() => {
  if (device) compiled = compile();
});
afterAll(() => compiled?.remove());

const MODEL = ['datasets/models/mnist-resnet.onnx', '--dataset', 'mnist', '--calibration', '100', '--batch', '4'];

/** Commands that keep checkpoints. */
const COMMANDS: readonly (readonly [string, readonly string[]])[] = [
  ['eval', ['--limit', '300', '--phase-bits', '4', '--diagnosis', '100', '--digest']],
  ['compare', ['--limit', '60', '--phase-bits', '4', '--neurons', 'bistable,if', '--timesteps', '32,64']],
  ['tune', ['--limit', '300', '--trials', '12', '--scale', 'mse']],
  ['sweep', ['--limit', '100', '--phase-bits', '3,4', '--scale', 'mse']],
  ['convert', []],
];

function start(command: string, options: readonly string[], json: string, ...more: string[]) {
  const out = command === 'convert' ? ['--out', networkOf(json)] : [];
  const args = [command, ...MODEL, ...options, ...out, '--quiet', '--json', json, ...more];
  return spawn(process.execPath, [join(compiled!.dist, 'cli/main.js'), ...args], { stdio: 'ignore' });
}

/** The converted network beside a result. */
const networkOf = (json: string): string => json.replace('.json', '.bsnn');

/** What a command wrote, but for times and the file's name: its figures, and the bytes of its network, where it has one. */
function written(json: string): unknown {
  const figures = JSON.parse(readFileSync(json, 'utf8'), (name, value) =>
    ['timing', 'seconds', 'file'].includes(name) ? undefined : value,
  );
  return [figures, existsSync(networkOf(json)) && readFileSync(networkOf(json)).toString('base64')];
}

const never = new Promise<null>(() => {});

/** Every third time within the first 8 s, which fall into each of the stages; else up to 1.5 s after a checkpoint was written. */
async function moment(run: ChildProcess, checkpoint: string, kill: number): Promise<null> {
  const share = (kill * 0.618) % 1;
  if (kill % 3 === 0) return sleep(200 + 7_800 * share, null);
  const time = () => statSync(checkpoint, { throwIfNoEntry: false })?.mtimeMs;
  for (const before = time(); run.exitCode === null && (time() === before || time() === undefined); ) await sleep(10);
  return sleep(1_500 * share, null);
}

describe.skipIf(device === null).each(COMMANDS)('%s --checkpoint', (command, options) => {
  folderTest(`${KILLS} SIGKILLs at any time, and the JSON of an undisturbed run`, async ({ folder }) => {
    const [whole, json, checkpoint] = ['whole.json', 'killed.json', 'checkpoint'].map((name) => join(folder, name));
    expect(await once(start(command, options, whole), 'exit')).toEqual([EXIT.ok, null]);
    const expected = written(whole);
    let [kills, ends, kept] = [0, 0, 0];
    while (kills < KILLS || ends === 0) {
      const run = start(command, options, json, '--checkpoint', checkpoint);
      const exit = once(run, 'exit');
      const ended = await Promise.race([exit, kills < KILLS ? moment(run, checkpoint, kills) : never]);
      if (ended === null) {
        run.kill('SIGKILL');
        await exit;
        kills++;
        kept += Number(existsSync(checkpoint));
        continue;
      }
      expect(ended).toEqual([EXIT.ok, null]);
      expect(written(json)).toStrictEqual(expected);
      expect(existsSync(checkpoint)).toBe(false);
      ends++;
    }
    console.log(`${command}: ${kills} kills, ${kept} of them with a checkpoint; ${ends} ends, each with the same JSON`);
  });
});
