/**
 * Mutants of sound models, in the wire format's fields and in bytes: refused by name, or the same as ONNX Runtime where that runs
 * them too; in either case soon and in little memory. SEED and RUNS in the environment make it another or a longer search.
 */

import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Ann } from '../../src/ann/ann.ts';
import { BsnnError } from '../../src/errors.ts';
import { layerMacs } from '../../src/network/work.ts';
import { importOnnx } from '../../src/onnx/import.ts';
import { softmax } from '../../src/run/logits.ts';
import { evaluateAnn } from '../helpers/ann-evaluate.ts';
import { mutate, mutation } from '../helpers/mutants.ts';
import { askOnnx, expectClose } from '../helpers/onnx-compare.ts';
import { manyOperators } from '../helpers/onnx-networks.ts';
import { SHIPPED, sharedFolder } from '../helpers/shared.ts';

const RUNS = Number(process.env.RUNS ?? 600);

/** What an import may take at most: seconds of processor time, bytes above those that were there (the specification's budget). */
const SECONDS = 2;
const BYTES = 512 * 2 ** 20;

/** Multiply-adds of a network that is compared: others take too long here. */
const COMPARED = 2e6;

function bases(): Uint8Array[] {
  const shared = sharedFolder('import');
  const small = shared
    ? readdirSync(shared)
        .filter((name) => name.endsWith('.onnx'))
        .map((name) => `${shared}/${name}`)
    : [];
  const files = [`${SHIPPED}mnist-resnet.onnx`, `${SHIPPED}resnet20-cifar10.onnx`, ...small];
  return [manyOperators(), ...files.map((path) => readFileSync(path)).filter(({ length }) => length < 2 ** 21)];
}

const macs = ({ layers }: Ann) => layers.reduce((sum, layer) => sum + (layer.kind === 'pool' ? 0 : layerMacs(layer)), 0);

interface Outcome {
  readonly ann: Ann | undefined;
  readonly code: string | undefined;
  readonly seconds: number;
}

/** Imports; anything but a network or a `BsnnError` fails the test. */
async function timedImport(bytes: Uint8Array): Promise<Outcome> {
  const before = process.cpuUsage();
  const seconds = () => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6;
  };
  try {
    return { ann: await importOnnx(bytes), code: undefined, seconds: seconds() };
  } catch (error) {
    if (!(error instanceof BsnnError)) throw error;
    expect(error.message.length).toBeLessThanOrEqual(2000);
    return { ann: undefined, code: error.code, seconds: seconds() };
  }
}

/** What may follow the logits at the end of a file and is left out of the network. */
const ENDINGS: readonly ((logits: Float32Array) => Float32Array)[] = [
  (logits) => logits.map((x) => 1 / (1 + Math.exp(-x))),
  (logits) => Float32Array.from(softmax(logits)),
  (logits) => Float32Array.from(softmax(logits), Math.log),
  (logits) => Float32Array.of(logits.indexOf(Math.max(...logits))),
];

const isClose = (got: Float32Array, wanted: Float32Array): boolean =>
  got.length === wanted.length && got.every((x, i) => Math.abs(x - wanted[i]) <= 1e-4 * Math.max(1, Math.abs(wanted[i])));

/** Whether ONNX Runtime runs the file, and then to the same end. */
async function sameAsOnnx(bytes: Uint8Array, ann: Ann): Promise<boolean> {
  const run = await askOnnx(bytes, ann, { n: 1, seed: 5 }).catch(() => undefined);
  if (!run?.wanted.every(Number.isFinite)) return false;
  const { images, wanted } = run;
  const logits = evaluateAnn(ann, images, 1);
  if (!ENDINGS.some((ending) => isClose(ending(logits), wanted))) expectClose(logits, wanted);
  return true;
}

it('mutants are refused by name, or give what ONNX Runtime gives', { timeout: 3600e3 }, async () => {
  const files = bases();
  const codes = new Map<string, number>();
  const seen = { same: 0, networks: 0, slowest: 0 };
  const memory = process.resourceUsage().maxRSS;
  const property = fc.asyncProperty(fc.nat(files.length - 1), mutation, async (which, change) => {
    const bytes = mutate(files[which], change);
    const { ann, code, seconds } = await timedImport(bytes);
    seen.slowest = Math.max(seen.slowest, seconds);
    expect(seconds).toBeLessThan(SECONDS);
    if (code) codes.set(code, (codes.get(code) ?? 0) + 1);
    if (!ann) return;
    seen.networks++;
    if (macs(ann) < COMPARED && (await sameAsOnnx(bytes, ann))) seen.same++;
  });
  await fc.assert(property, { seed: Number(process.env.SEED ?? 1), numRuns: RUNS });
  const grown = (process.resourceUsage().maxRSS - memory) * 1024;
  if (process.env.RUNS) console.log({ ...seen, grown, codes: Object.fromEntries(codes) });
  expect(grown).toBeLessThan(BYTES);
  // Enough must have been compared, and refused in many ways, or this test tests nothing.
  expect(seen.same).toBeGreaterThan(RUNS / 20);
  expect(codes.size).toBeGreaterThan(10);
});
