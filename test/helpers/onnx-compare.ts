/** The importer against ONNX Runtime on the same bytes. */

import * as ort from 'onnxruntime-node';
import { expect } from 'vitest';
import type { Ann } from '../../src/ann/ann.ts';
import { shapeSize } from '../../src/ann/ann.ts';
import { importOnnx } from '../../src/onnx/import.ts';
import { evaluateAnn } from './ann-evaluate.ts';

/** Pseudo-random numbers in −1…1 (mulberry32), the same for the same seed. */
export function randomNumbers(count: number, seed: number): Float32Array {
  let state = seed >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  });
}

/** What ONNX Runtime gives for an input "x", as the output of a name or the first. */
export async function runOnnx(
  bytes: Uint8Array,
  input: Float32Array,
  dims: readonly number[],
  output?: string,
): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(bytes, {
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
    graphOptimizationLevel: 'disabled',
  });
  const name = session.inputNames[0];
  const results = await session.run({ [name]: new ort.Tensor('float32', input, dims) });
  const { data } = results[output ?? session.outputNames[0]];
  await session.release();
  return Float32Array.from(data as Float32Array | BigInt64Array, Number);
}

/** Largest error allowed, of the largest magnitude: both sum in different orders and f32 weights are folded. */
const TOLERANCE = 1e-4;

/** Imports, evaluates and compares on `n` random images; gives the network for more expectations. */
export async function expectSameAsOnnx(
  bytes: Uint8Array,
  { n = 2, seed = 1, input }: { n?: number; seed?: number; input?: Float32Array } = {},
): Promise<Ann> {
  const ann = await importOnnx(bytes);
  const { channels, height, width } = ann.input;
  const images = input ?? randomNumbers(n * shapeSize(ann.input), seed);
  const dims = (await inputRank(bytes)) === 2 ? [n, channels] : [n, channels, height, width];
  const wanted = await runOnnx(bytes, images, dims);
  expectClose(evaluateAnn(ann, images, n), wanted);
  return ann;
}

async function inputRank(bytes: Uint8Array): Promise<number> {
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 4, graphOptimizationLevel: 'disabled' });
  const [meta] = session.inputMetadata;
  await session.release();
  return meta.isTensor ? meta.shape.length : 4;
}

/** Throws unless all are equal up to the tolerance. */
export function expectClose(got: Float32Array, wanted: Float32Array): void {
  expect(got.length).toBe(wanted.length);
  const scale = wanted.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-3);
  got.forEach((v, i) => {
    if (!(Math.abs(v - wanted[i]) <= TOLERANCE * scale)) expect.fail(`value ${i}: ${v} instead of ${wanted[i]}`);
  });
}
