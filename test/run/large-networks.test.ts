import { describe, expect, it } from 'vitest';
import { resnet, spiking, vgg16 } from '../../bench/networks.ts';
import { shapeSize } from '../../src/ann/ann.ts';
import type { Device } from '../../src/gpu/device.ts';
import type { Dispatch } from '../../src/kernels/kernel.ts';
import { readWords } from '../../src/observe/words.ts';
import { planCells } from '../../src/plan/cells/plan.ts';
import { planWords } from '../../src/plan/words/plan.ts';
import { AnnSession } from '../../src/run/ann-session.ts';
import { type RunResult, Session, type SessionOptions } from '../../src/run/session.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { bytesOf, isUniform } from '../helpers/program.ts';
import { randomPixels } from '../helpers/random-network.ts';
import { LIMITS } from '../helpers/small-device.ts';
import { SOAK } from '../helpers/soak.ts';

// Networks of full size within what every WebGPU device offers: a storage binding of 128 MiB, a buffer of 256; 2 GiB in all.
const MEMORY = 2 ** 31;
const BATCH = 8;
const FEW = 3;
const NORMALIZATION = { mean: [0.5], std: [0.29] };

const NETWORKS = {
  'VGG16, hidden 512, 32²': { waves: 3, ...cached(() => vgg16({ width: 1, hidden: 512, classes: 10, resolution: 32 })) },
  'VGG16, hidden 4096, 32²': { waves: 3, ...cached(() => vgg16({ width: 1, hidden: 4096, classes: 10, resolution: 32 })) },
  'ResNet-34, 1000 classes, 224²': { waves: 1, ...cached(() => resnet({ depth: 34, width: 1, resolution: 224, classes: 1000 })) },
};

/** Makes the trained and the spiking network when they are asked for first. */
function cached(make: () => ReturnType<typeof resnet>) {
  let ann: ReturnType<typeof resnet> | null = null;
  let network: ReturnType<typeof spiking> | null = null;
  const trained = () => {
    ann ??= make();
    return ann;
  };
  return {
    trained,
    converted: () => {
      network ??= spiking(trained());
      return network;
    },
  };
}

const total = (bytes: Readonly<Record<string, number>>) => Object.values(bytes).reduce((sum, n) => sum + n, 0);
const mebibytes = (bytes: Readonly<Record<string, number>>) =>
  Object.entries({ ...bytes, all: total(bytes) })
    .map(([name, n]) => `${name} ${(n / 2 ** 20).toFixed(1)}`)
    .join(', ');

/** Every share within its buffer and one binding; all others are bound whole. */
function expectWithin(bytes: Readonly<Record<string, number>>, dispatches: readonly Dispatch[]): void {
  for (const [name, n] of Object.entries(bytes)) {
    const most = name === 'weights' ? LIMITS.maxBufferSize : LIMITS.maxStorageBufferBindingSize;
    expect(n, name).toBeLessThanOrEqual(most);
  }
  for (const dispatch of dispatches.filter(({ ranges }) => ranges.weights)) {
    const { offset, size } = dispatch.ranges.weights;
    const uniform = isUniform(dispatch);
    expect(size).toBeLessThanOrEqual(uniform ? LIMITS.maxUniformBufferBindingSize : LIMITS.maxStorageBufferBindingSize);
    expect(offset + size).toBeLessThanOrEqual(bytes.weights);
    expect(offset % 256).toBe(0);
  }
  expect(total(bytes)).toBeLessThanOrEqual(MEMORY);
}

describe.each(Object.entries(NETWORKS))('%s: eight images at once within every device’s limits', (name, { trained, converted }) => {
  it('spiking, three waves', () => {
    const plan = planWords(converted(), LIMITS, { batch: BATCH, waves: 3, memory: MEMORY });
    console.log(`${name}, spiking, MiB: ${mebibytes(bytesOf(plan))}`);
    expect(plan.batch).toBe(BATCH);
    expectWithin(bytesOf(plan), plan.dispatches);
  });

  it('trained', () => {
    const plan = planCells(trained(), LIMITS, { batch: BATCH, memory: MEMORY });
    console.log(`${name}, trained, MiB: ${mebibytes(bytesOf(plan))}`);
    expect(plan.batch).toBe(BATCH);
    expectWithin(bytesOf(plan), plan.dispatches);
  });
});

/** Index of the first value that is not the same, −1 for none: quick on millions. */
function firstDifference(a: Int32Array | Float32Array | Float64Array, b: Int32Array | Float32Array | Float64Array): number {
  if (a.length !== b.length) return Math.min(a.length, b.length);
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return i;
  return -1;
}

/** A few layers, from the first to the last, of the first images. */
async function someWords(session: Session, images: number): Promise<Int32Array[]> {
  const { layers } = session.network;
  const chosen = [...layers.keys()].filter((l) => layers[l].kind !== 'readout' && (l % 7 === 0 || l > layers.length - 4));
  const words: Int32Array[] = [];
  for (const l of chosen) words.push(await readWords(session, l, images));
  return words;
}

// one VGG16 is a part of the larger one, which is for the soak
describeOnDevice.each(Object.values(NETWORKS).slice(SOAK ? 1 : 2))('on the device', ({ trained, converted, waves }) => {
  const on = device as Device;
  const pixels = randomPixels({ ...trained().input }, BATCH, 8);
  const few = pixels.subarray(0, FEW * shapeSize(trained().input));

  async function run(
    images: Uint8Array,
    options: SessionOptions,
  ): Promise<{ readonly result: RunResult; readonly words: Int32Array[]; readonly batch: number }> {
    const session = await Session.create(on, converted(), { waves, keepWords: true, ...options });
    try {
      const result = await session.classify(images);
      return { result, words: await someWords(session, FEW), batch: session.plan.batch };
    } finally {
      session.dispose();
    }
  }

  it(`${trained().name}, spiking: batch 8 is batch 3, packed is f32, and every layer spikes`, async () => {
    const eight = await run(pixels, { batch: BATCH });
    const three = await run(few, { batch: FEW, arithmetic: 'f32' });
    expect(eight.batch).toBe(BATCH);
    expect(three.words.map((words, i) => firstDifference(words, eight.words[i]))).toEqual(eight.words.map(() => -1));
    const classes = eight.result.potentials.length / (eight.result.steps.length * BATCH);
    eight.result.steps.forEach((_, p) => {
      const first = eight.result.potentials.subarray(p * BATCH * classes, (p * BATCH + FEW) * classes);
      expect(firstDifference(three.result.potentials.subarray(p * FEW * classes, (p + 1) * FEW * classes), first)).toBe(-1);
    });
    for (const [l, layer] of converted().layers.entries()) {
      const spikes = eight.result.spikes[l] / (shapeSize(layer.shape) * BATCH * waves);
      // between a silent layer and one whose words are all at their maximum, both of which hide errors
      if (layer.kind === 'neurons') expect(spikes > 0.1 && spikes < 3.5, `${layer.name}: ${spikes} spikes a word`).toBe(true);
    }
    expect(new Set(eight.words.flatMap((words) => [...words.subarray(0, 1000)])).size).toBeGreaterThan(8);
  });

  it(`${trained().name}, trained: batch 8 is batch 1`, async () => {
    const logits = async (images: Uint8Array, batch: number) => {
      const session = await AnnSession.create(on, trained(), { ...NORMALIZATION, batch });
      expect(session.plan.batch).toBe(batch);
      expect(session.bytes).toBeLessThan(MEMORY);
      const result = await session.classify(images);
      session.dispose();
      return result.logits;
    };
    const eight = await logits(pixels, BATCH);
    // f32 sums of the same terms in the same order
    expect(
      firstDifference(await logits(pixels.subarray(0, pixels.length / BATCH), 1), eight.subarray(0, eight.length / BATCH)),
    ).toBe(-1);
    expect(eight.every(Number.isFinite)).toBe(true);
    expect(new Set(eight).size).toBeGreaterThan(eight.length / 2);
  });
});
