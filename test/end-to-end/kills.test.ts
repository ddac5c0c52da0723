import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { EXIT } from '../../src/errors.ts';
import type { EvaluationResult } from '../../src/evaluate/result.ts';
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

function evaluation(json: string, ...more: string[]) {
  const options = ['--limit', '300', '--calibration', '100', '--phase-bits', '4', '--batch', '4', '--diagnosis', '100', '--digest'];
  const args = ['eval', 'datasets/models/mnist-resnet.onnx', '--dataset', 'mnist', ...options, '--quiet', '--json', json, ...more];
  return spawn(process.execPath, [join(compiled!.dist, 'cli/main.js'), ...args], { stdio: 'ignore' });
}

/** A result without times. */
function untimed(path: string) {
  const { timing: _, diagnosis, ...result }: EvaluationResult = JSON.parse(readFileSync(path, 'utf8'));
  return { ...result, diagnosis: { ...diagnosis, seconds: 0 } };
}

const never = new Promise<null>(() => {});

/** Every third time within the first 8 s, which fall into each of the stages; else up to 1.5 s after a checkpoint was written. */
async function moment(checkpoint: string, kill: number): Promise<null> {
  const share = (kill * 0.618) % 1;
  if (kill % 3 === 0) return sleep(200 + 7_800 * share, null);
  const written = () => statSync(checkpoint, { throwIfNoEntry: false })?.mtimeMs;
  for (const before = written(); written() === before || written() === undefined; ) await sleep(10);
  return sleep(1_500 * share, null);
}

describe.skipIf(device === null)('eval --checkpoint', () => {
  folderTest(`${KILLS} SIGKILLs at any time, and the JSON of an undisturbed run`, async ({ folder }) => {
    const [whole, json, checkpoint] = ['whole.json', 'killed.json', 'checkpoint'].map((name) => join(folder, name));
    expect(await once(evaluation(whole), 'exit')).toEqual([EXIT.ok, null]);
    const expected = untimed(whole);
    let [kills, ends, kept] = [0, 0, 0];
    while (kills < KILLS || ends === 0) {
      const run = evaluation(json, '--checkpoint', checkpoint);
      const exit = once(run, 'exit');
      const ended = await Promise.race([exit, kills < KILLS ? moment(checkpoint, kills) : never]);
      if (ended === null) {
        run.kill('SIGKILL');
        await exit;
        kills++;
        kept += Number(existsSync(checkpoint));
        continue;
      }
      expect(ended).toEqual([EXIT.ok, null]);
      expect(untimed(json)).toStrictEqual(expected);
      expect(existsSync(checkpoint)).toBe(false);
      ends++;
    }
    console.log(`${kills} kills, ${kept} of them with a checkpoint; ${ends} ends, each with the same JSON`);
  });
});
