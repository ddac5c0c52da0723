import { describe, expect, it } from 'vitest';
import type { DataSet } from '../../src/data/data-set.ts';
import { BsnnError } from '../../src/errors.ts';
import { compare } from '../../src/evaluate/compare.ts';
import { evaluate } from '../../src/evaluate/evaluate.ts';
import { explain } from '../../src/evaluate/explain.ts';
import { predict } from '../../src/evaluate/predict.ts';
import { recordImages } from '../../src/evaluate/record.ts';
import { rehearseWords } from '../../src/evaluate/rehearse.ts';
import { sweep } from '../../src/evaluate/sweep.ts';
import { trace } from '../../src/evaluate/trace.ts';
import { tuneNetwork } from '../../src/evaluate/tune-network.ts';
import type { Device } from '../../src/gpu/device.ts';
import { formOf, quantize } from '../../src/quantize/quantize.ts';
import { pixelsSource } from '../../src/run/source.ts';
import { LIMITS } from '../helpers/small-device.ts';
import { residualAnn } from '../network/hand-made.ts';

// What an option makes impossible is refused before any image is read or anything is made on the device.

const ANN = residualAnn(8);
const SIZE = ANN.input.channels * ANN.input.height * ANN.input.width;
const CALIBRATES = new Error('it began to calibrate');
const begin = (): never => {
  throw CALIBRATES;
};

/** A device that knows its limits, on which nothing can be made. */
const deviceOf = (limits: Partial<typeof LIMITS> = {}): Device =>
  ({
    limits: { ...LIMITS, ...limits },
    capabilities: { software: true, packedDot: true, fastDot: false, matrix: null, registers: 255 },
    handle: new Proxy({}, { get: begin }),
    check: begin,
    guard: begin,
    isLost: async () => false,
    reopen: null,
  }) as unknown as Device;

const IMAGES: DataSet = {
  name: 'images',
  classes: [],
  mean: [0],
  std: [1],
  evaluation: { ...pixelsSource(new Uint8Array(SIZE * 2), ANN.input, [0, 1]), read: begin },
  training: null,
};

/** Too small for a batch of one image with many words. */
const SMALL = deviceOf({ maxStorageBufferBindingSize: 2 ** 15 });
/** Holds what is at work of 64 words, and not all of them at the end. */
const WITHOUT_WORDS = deviceOf({ maxStorageBufferBindingSize: 3 * 2 ** 16 });
const NOTHING = () => {};

describe('refused before the work', () => {
  it.each<[string, () => Promise<unknown>, string]>([
    [
      'trace: more steps than can be recorded',
      () => trace(deviceOf({ maxBufferSize: 2 ** 26 }), ANN, IMAGES, { layer: 'merge', timesteps: 65535 }),
      'layers',
    ],
    ['trace: no such layer', () => trace(deviceOf(), ANN, IMAGES, { layer: 'nowhere' }), 'layer'],
    ['trace: a neuron of another K', () => trace(deviceOf(), ANN, IMAGES, { layer: 'merge', neuron: 'multi:5' }), 'neuron'],
    [
      'record: more steps than can be recorded',
      () => recordImages(deviceOf(), ANN, IMAGES, { timesteps: 65535 }, NOTHING),
      'layers',
    ],
    ['record: no such layer', () => recordImages(deviceOf(), ANN, IMAGES, { layers: ['nowhere'] }, NOTHING), 'layer'],
    ['record: a neuron of another K', () => recordImages(deviceOf(), ANN, IMAGES, { neuron: 'multi:5' }, NOTHING), 'neuron'],
    ['compare: a neuron of another K', () => compare(deviceOf(), ANN, IMAGES, { neurons: ['if', 'multi:5'] }), 'neuron'],
    ['compare: what does not fit', () => compare(SMALL, ANN, IMAGES, { timesteps: [65535] }), 'too-large'],
    ['evaluate: what does not fit', () => evaluate(SMALL, ANN, IMAGES, { waves: 128 }), 'too-large'],
    [
      'evaluate: a diagnosis that does not fit',
      () => evaluate(WITHOUT_WORDS, ANN, IMAGES, { diagnosis: 1, waves: 64 }),
      'too-large',
    ],
    ['explain: what does not fit', () => explain(SMALL, ANN, IMAGES, { waves: 128 }), 'too-large'],
    ['predict: what does not fit', () => predict(SMALL, ANN, IMAGES, { waves: 128 }), 'too-large'],
    ['sweep: what does not fit', () => sweep(SMALL, ANN, IMAGES, { waves: 128 }), 'too-large'],
    ['tune: what does not fit', () => tuneNetwork(SMALL, ANN, IMAGES, { waves: 128 }), 'too-large'],
  ])('%s', async (_, run, code) => {
    const error = await run().then(
      () => null,
      (cause: unknown) => cause,
    );
    expect(error).toBeInstanceOf(BsnnError);
    expect((error as BsnnError).code).toBe(code);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['trace', () => trace(deviceOf(), ANN, IMAGES, { layer: 'merge', timesteps: 100 })],
    ['record', () => recordImages(deviceOf(), ANN, IMAGES, {}, NOTHING)],
    ['compare', () => compare(deviceOf(), ANN, IMAGES)],
    ['evaluate', () => evaluate(deviceOf(), ANN, IMAGES, { waves: 128 })],
  ])('%s goes on with what fits', async (_, run) => {
    await expect(run()).rejects.toBe(CALIBRATES);
  });
});

/** The depth of the readout. */
const DEPTHS = Math.max(...formOf(ANN, { phaseBits: 4, initial: 'half', mean: [0], std: [1] }).layers.map(({ depth }) => depth));

it('words that are kept for a diagnosis are planned with it alone', () => {
  const evaluation = { ann: ANN, phaseBits: 4, initial: 'half', mean: [0], std: [1], waves: 64 } as const;
  rehearseWords(WITHOUT_WORDS, evaluation);
  expect(() => rehearseWords(WITHOUT_WORDS, evaluation, { keepWords: true })).toThrow(/does not fit/);
});

describe('a network that has only a form', () => {
  it.each([[4], [Array.from({ length: DEPTHS }, (__, d) => 2 + (d % 3))]])(
    'has the shapes, depths and times of the converted one, K = %j',
    (phaseBits) => {
      const options = { phaseBits, initial: 'half', mean: [0.4], std: [0.3] } as const;
      const form = formOf(ANN, options);
      const network = quantize(ANN, { ...options, scales: ANN.layers.map(() => 2) });
      expect(form.timetable).toEqual(network.timetable);
      expect(form.layers.map(({ kind, name, shape, depth }) => ({ kind, name, shape, depth }))).toEqual(
        network.layers.map(({ kind, name, shape, depth }) => ({ kind, name, shape, depth })),
      );
    },
  );
});
