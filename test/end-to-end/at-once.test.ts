/** Sessions, devices, threads and processes at once: each gives the bits that one alone gives. */

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tinyAnn, tinyNetwork } from '../../bench/endurance/network.ts';
import { saveNetwork } from '../../src/network/saved/save.ts';
import { Session } from '../../src/run/session.ts';
import { type Compiled, compile } from '../helpers/compiled.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { randomPixels } from '../helpers/random-network.ts';
import { SOAK } from '../helpers/soak.ts';

const NETWORK = tinyNetwork(tinyAnn());
const BATCH = 16;
const PIXELS = randomPixels(NETWORK.input.shape, 40, 3);

/** Runs the network twice at once on a device of its own and says what came, as a thread or as a process. */
const PROGRAM = `
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { loadNetwork, openDevice, Session } from './index.js';

const folder = workerData ?? process.argv[2];
const network = await loadNetwork(readFileSync(folder + '/at-once.bsnn'));
const pixels = readFileSync(folder + '/at-once.pixels');
const device = await openDevice();
const one = async () => {
  const session = await Session.create(device, network, { batch: ${BATCH} });
  const { potentials, spikes } = await session.classify(pixels);
  session.dispose();
  return createHash('sha256').update(potentials).update(JSON.stringify(spikes)).digest('hex');
};
const found = JSON.stringify(await Promise.all([one(), one()]));
device.dispose();
if (parentPort) parentPort.postMessage(found);
else console.log(found);
`;

let compiled: Compiled;
let program: string;
beforeAll(async () => {
  compiled = compile();
  program = join(compiled.dist, 'at-once.mjs');
  writeFileSync(program, PROGRAM);
  writeFileSync(join(compiled.dist, 'at-once.bsnn'), await saveNetwork(NETWORK));
  writeFileSync(join(compiled.dist, 'at-once.pixels'), PIXELS);
});
afterAll(() => {
  compiled.remove();
  device?.dispose();
});

const inThread = (): Promise<string[]> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(program, { workerData: compiled.dist });
    worker.once('message', (text: string) => resolve(JSON.parse(text)));
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the thread ended with ${code} and said nothing`)));
  });

const inProcess = (): Promise<string[]> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, compiled.dist], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    child.once('close', (code) => (code === 0 ? resolve(JSON.parse(text)) : reject(new Error(`the process ended with ${code}`))));
  });

describeOnDevice('at once', () => {
  const here = async (): Promise<string> => {
    const session = await Session.create(device!, NETWORK, { batch: BATCH });
    const { potentials, spikes } = await session.classify(PIXELS);
    session.dispose();
    return createHash('sha256').update(potentials).update(JSON.stringify(spikes)).digest('hex');
  };

  it('two sessions of a device, two threads with a device each: equal results', async () => {
    const alone = await here();
    const found = await Promise.all([here(), here(), inThread(), inThread()]);
    expect(found.flat()).toEqual(new Array(6).fill(alone));
  });

  it.runIf(SOAK)('threads and processes, two and two', async () => {
    const found = await Promise.all([here(), inThread(), inThread(), inProcess(), inProcess()]);
    expect(found.flat()).toEqual(new Array(9).fill(await here()));
  });
});
