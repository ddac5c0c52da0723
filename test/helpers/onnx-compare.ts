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

/** What ONNX Runtime gives for an input "x" of floats, or of bytes where the file takes those, as the output of a name or the first. */
export async function runOnnx(
  bytes: Uint8Array,
  input: Float32Array,
  dims: readonly number[],
  output?: string,
): Promise<Float32Array> {
  const session = await openOnnx(bytes);
  const [name] = session.inputNames;
  const [meta] = session.inputMetadata;
  const tensor =
    meta.isTensor && meta.type === 'uint8'
      ? new ort.Tensor('uint8', Uint8Array.from(input), dims)
      : new ort.Tensor('float32', input, dims);
  const results = await session.run({ [name]: tensor });
  const { data } = results[output ?? session.outputNames[0]];
  await session.release();
  return Float32Array.from(data as Float32Array | BigInt64Array, Number);
}

const openOnnx = (bytes: Uint8Array) =>
  ort.InferenceSession.create(bytes, { intraOpNumThreads: 1, logSeverityLevel: 4, graphOptimizationLevel: 'disabled' });

/** Largest error allowed, of the largest magnitude: both sum in different orders and f32 weights are folded. */
const TOLERANCE = 1e-4;

export interface CompareOptions {
  readonly n?: number;
  readonly seed?: number;
  readonly input?: Float32Array | undefined;
  /** What the file gives. */
  readonly output?: 'logits' | 'softmax';
}

/** Imports, evaluates and compares on `n` random images; gives the network for more expectations. */
export async function expectSameAsOnnx(
  bytes: Uint8Array,
  { n = 2, seed = 1, input, output = 'logits' }: CompareOptions = {},
): Promise<Ann> {
  const ann = await importOnnx(bytes);
  const { images, wanted } = await askOnnx(bytes, ann, { n, seed, input });
  const logits = evaluateAnn(ann, images, n);
  expectClose(output === 'softmax' ? softmax(logits, n) : logits, wanted);
  return ann;
}

/** Images as the network takes them, and what ONNX Runtime gives for them in the file's own layout and type. */
export async function askOnnx(bytes: Uint8Array, ann: Ann, { n = 2, seed = 1, input }: Omit<CompareOptions, 'output'> = {}) {
  const { dims: shape, isBytes } = await inputOf(bytes);
  const images = input ?? randomNumbers(n * shapeSize(ann.input), seed).map((v) => (isBytes ? Math.round(127.5 * (v + 1)) : v));
  const { values, dims } = asInFile(ann, images, n, shape);
  return { images: preprocess(ann, images), wanted: await runOnnx(bytes, values, dims) };
}

async function inputOf(bytes: Uint8Array): Promise<{ dims: readonly (number | string)[]; isBytes: boolean }> {
  const session = await openOnnx(bytes);
  const [meta] = session.inputMetadata;
  await session.release();
  return meta.isTensor ? { dims: meta.shape, isBytes: meta.type === 'uint8' } : { dims: [], isBytes: false };
}

function softmax(logits: Float32Array, n: number): Float32Array {
  const classes = logits.length / n;
  return logits.map((_, i) => {
    const all = logits.subarray(Math.floor(i / classes) * classes).subarray(0, classes);
    return 1 / all.reduce((sum, v) => sum + Math.exp(v - logits[i]), 0);
  });
}

/** Images [n][c][y][x] as the file takes them, in its own layout and dims. */
export function asInFile({ input }: Ann, images: Float32Array, n: number, shape: readonly (number | string)[]) {
  const { channels, height, width, layout } = input;
  const dims = [n, ...shape.slice(1).map(Number)];
  if (layout !== 'nhwc') return { values: images, dims };
  const area = height * width;
  const values = images.map((_, i) => {
    const [image, at, c] = [Math.floor(i / (area * channels)), Math.floor(i / channels) % area, i % channels];
    return images[(image * channels + c) * area + at];
  });
  return { values, dims };
}

/** What the file does to its input first, which the network leaves to mean and std. */
export function preprocess({ input, preprocessing }: Ann, images: Float32Array): Float32Array {
  if (!preprocessing) return images;
  const { scale, shift } = preprocessing;
  const area = input.height * input.width;
  const channel = (i: number) => Math.floor(i / area) % input.channels;
  return images.map((x, i) => scale[channel(i)] * x + shift[channel(i)]);
}

/** Throws unless all are equal up to the tolerance. */
export function expectClose(got: Float32Array, wanted: Float32Array): void {
  expect(got.length).toBe(wanted.length);
  const scale = wanted.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-3);
  got.forEach((v, i) => {
    if (!(Math.abs(v - wanted[i]) <= TOLERANCE * scale)) expect.fail(`value ${i}: ${v} instead of ${wanted[i]}`);
  });
}
