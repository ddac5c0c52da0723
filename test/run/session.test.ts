import { afterAll, beforeAll, expect, it } from 'vitest';
import { shapeSize } from '../../src/ann/ann.ts';
import { BsnnError, OptionError } from '../../src/errors.ts';
import { Device } from '../../src/gpu/device.ts';
import { readMembranes } from '../../src/observe/words.ts';
import { totalBytes } from '../../src/plan/program.ts';
import { logits } from '../../src/reference/simulate.ts';
import { type RunResult, Session, type SessionOptions } from '../../src/run/session.ts';
import { kOf, wordSteps } from '../helpers/closed-times.ts';
import { expectSameBits, simulateAll } from '../helpers/compare.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { hardware } from '../helpers/hardware.ts';
import { randomPixels } from '../helpers/random-network.ts';
import { SOAK } from '../helpers/soak.ts';
import { residual } from '../network/hand-made.ts';

const network = residual();
const IMAGES = 70;
const WAVES = 2;
const pixels = randomPixels(network.input.shape, IMAGES, 1);
const size = shapeSize(network.input.shape);
const { classes } = { classes: 10 };

/** Runs a session once and disposes it. */
async function runOnce(images: Uint8Array, options: SessionOptions = {}): Promise<RunResult & { readonly batch: number }> {
  const session = await Session.create(device!, network, { waves: WAVES, ...options });
  try {
    return { ...(await session.classify(images)), batch: session.plan.batch };
  } finally {
    session.dispose();
  }
}

/** Everything a run yields, but for the batch. */
const bits = ({ logits: l, potentials, spikes, steps, images }: RunResult) => ({ logits: l, potentials, spikes, steps, images });

describeOnDevice('results do not depend on how the work is cut', () => {
  let whole: RunResult;
  beforeAll(async () => {
    whole = await runOnce(pixels, { batch: 64 });
  });

  it('they say something: potentials differ between images, all layers spike', () => {
    expect(new Set(whole.logits).size).toBeGreaterThan(IMAGES);
    network.layers.forEach(({ kind }, l) => {
      if (kind === 'neurons') expect(whole.spikes[l]).toBeGreaterThan(0);
      else expect(whole.spikes[l]).toBe(0);
    });
  });

  it.each([1, 7, 33, 70, 128])('batch %i', async (batch) => {
    expect(bits(await runOnce(pixels, { batch }))).toEqual(bits(whole));
  });

  it('limits that force the plan to cut the batch', async () => {
    const session = await Session.create(device!, network, { waves: WAVES, batch: 64 });
    const all = totalBytes(session.plan);
    session.dispose();
    const cut = await runOnce(pixels, { batch: 64, memory: all / 2 });
    expect(cut.batch).toBeLessThan(64);
    expect(bits(cut)).toEqual(bits(whole));
  });

  it('a batch that is not full, after a full one, on one session', async () => {
    const session = await Session.create(device!, network, { waves: WAVES, batch: 16 });
    await session.classify(pixels.subarray(0, 16 * size));
    const few = await session.classify(pixels.subarray(16 * size, 21 * size));
    session.dispose();
    expect(few.logits).toEqual(whole.logits.subarray(16 * classes, 21 * classes));
    const { spikes } = await runOnce(pixels.subarray(16 * size, 21 * size));
    expect(few.spikes).toEqual(spikes);
  });

  it('permuting the images permutes the results', async () => {
    const order = Array.from({ length: IMAGES }, (_, n) => (n * 29 + 11) % IMAGES);
    const turned = new Uint8Array(pixels.length);
    order.forEach((from, to) => {
      turned.set(pixels.subarray(from * size, (from + 1) * size), to * size);
    });
    const result = await runOnce(turned, { batch: 16 });
    order.forEach((from, to) => {
      const row = (r: RunResult, n: number) => r.logits.subarray(n * classes, (n + 1) * classes);
      expect(row(result, to)).toEqual(row(whole, from));
    });
    expect(result.spikes).toEqual(whole.spikes);
  });

  it('words that are kept, and reused memory, give the same', async () => {
    expect(bits(await runOnce(pixels, { batch: 32, keepWords: true, keepMembranes: true }))).toEqual(bits(whole));
  });

  it('fewer waves are the first of more', async () => {
    const one = await runOnce(pixels, { waves: 1 });
    const points = kOf(network) * IMAGES * classes;
    expect(one.potentials).toEqual(whole.potentials.subarray(0, points));
    expect(one.steps).toEqual(whole.steps.slice(0, kOf(network)));
  });

  it('pixels from the middle of a larger buffer', async () => {
    const larger = new Uint8Array(pixels.length + 7);
    larger.set(pixels, 3);
    expect(bits(await runOnce(larger.subarray(3, 3 + pixels.length), { batch: 33 }))).toEqual(bits(whole));
  });
});

describeOnDevice('all variants give the reference’s bits on a residual network', () => {
  const few = pixels.subarray(0, 44 * size);
  let reference: ReturnType<typeof simulateAll>;
  beforeAll(() => {
    reference = simulateAll(network, few, WAVES);
  });

  it.each(
    SOAK
      ? ([
          ['halves', 'storage'],
          ['packed', 'uniform'],
          ['packed', 'storage'],
          ['f32', 'uniform'],
          ['f32', 'storage'],
        ] as const)
      : ([['packed', 'uniform']] as const),
  )('%s, weights as %s', async (arithmetic, weights) => {
    if (arithmetic === 'packed' && !device?.packedDot) return;
    // a card's default, with its kernels
    const on = arithmetic === 'packed' ? hardware! : device!;
    await expectSameBits(on, network, few, reference, { waves: WAVES, arithmetic, weights });
  });

  it('logits are V · unit / n in the ANN’s units, steps end at T_n', async () => {
    const result = await runOnce(few);
    reference.forEach((image, n) => {
      const expected = Float32Array.from(logits(network, image.potentials.at(-1)!, WAVES));
      expect(result.logits.subarray(n * classes, (n + 1) * classes)).toEqual(expected);
    });
    expect(result.steps.at(-1)).toBe(wordSteps(network, WAVES));
    expect(result.steps[kOf(network) - 1]).toBe(wordSteps(network, 1));
    expect(result.steps.length).toBe(WAVES * kOf(network));
  });

  it('zero in (pixels at the zero point) gives the same for every image', async () => {
    const grey = new Uint8Array(3 * size).fill(network.input.units.zero[0]);
    const result = await runOnce(grey);
    expect(result.logits.subarray(0, classes)).toEqual(result.logits.subarray(2 * classes));
    const [image] = simulateAll(network, grey.subarray(0, size), WAVES);
    expect(result.spikes).toEqual(image.spikes.map((s) => 3 * s));
  });
});

describeOnDevice('one session, many calls', () => {
  let session: Session;
  beforeAll(async () => {
    session = await Session.create(device!, network, { waves: WAVES, batch: 8 });
  });
  afterAll(() => session.dispose());

  it('calls at once run one after another', async () => {
    const parts = [pixels.subarray(0, 20 * size), pixels.subarray(20 * size, 21 * size), pixels.subarray(21 * size, 50 * size)];
    const [together, ...apart] = await Promise.all([
      session.classify(pixels.subarray(0, 50 * size)),
      ...parts.map((p) => session.classify(p)),
    ]);
    const joined = Float32Array.from(apart.flatMap(({ logits: l }) => [...l]));
    expect(joined).toEqual(together.logits);
    const spikes = together.spikes.map((_, l) => apart.reduce((sum, part) => sum + part.spikes[l], 0));
    expect(spikes).toEqual(together.spikes);
  });

  it('two sessions on one device do not disturb each other', async () => {
    const other = await Session.create(device!, residual(7, 3), { waves: 1, batch: 5 });
    const small = randomPixels(other.network.input.shape, 12, 9);
    const alone = await session.classify(pixels);
    const otherAlone = await other.classify(small);
    const [a, b] = await Promise.all([session.classify(pixels), other.classify(small)]);
    other.dispose();
    expect(bits(a)).toEqual(bits(alone));
    expect(bits(b)).toEqual(bits(otherAlone));
  });

  it('progress counts images, up to all of them', async () => {
    const seen: number[] = [];
    await session.classify(pixels.subarray(0, 20 * size), (images) => seen.push(images));
    expect(seen).toEqual([8, 16, 20]);
  });

  it('an error in the caller’s progress rejects that run, and the next one is right', async () => {
    const fails = session.classify(pixels.subarray(0, 30 * size), () => {
      throw new Error('the caller’s own');
    });
    await expect(fails).rejects.toThrow('the caller’s own');
    const [after, expected] = [await session.classify(pixels.subarray(0, 30 * size)), await runOnce(pixels.subarray(0, 30 * size))];
    expect(bits(after)).toEqual(bits(expected));
  });

  it.each([
    { row: 'nothing', images: new Uint8Array(0) },
    { row: 'one byte too few', images: new Uint8Array(size - 1) },
    { row: 'one byte too many', images: new Uint8Array(size + 1) },
    { row: 'floats', images: new Float32Array(size) as unknown as Uint8Array },
    { row: 'clamped bytes', images: new Uint8ClampedArray(size) as unknown as Uint8Array },
    { row: 'a plain array', images: new Array<number>(size).fill(0) as unknown as Uint8Array },
    { row: 'undefined', images: undefined as unknown as Uint8Array },
  ])('$row: refused, and the session goes on', async ({ images }) => {
    const error = await session.classify(images).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(OptionError);
    expect((error as OptionError).where).toBe('images');
    expect((await session.classify(pixels.subarray(0, size))).images).toBe(1);
  });

  it('membranes that were not kept are refused by layer', async () => {
    await expect(readMembranes(session, 0, 1)).rejects.toThrow(/"stem".*keepMembranes/);
  });
});

describeOnDevice('timing of a run', () => {
  it('the first batch is part of the run; the GPU computed for a part of it', async () => {
    const { timing } = await runOnce(pixels, { batch: 8 });
    expect(timing.firstBatchSeconds).toBeGreaterThan(0);
    expect(timing.firstBatchSeconds).toBeLessThan(timing.seconds);
    if (!device!.handle.features.has('timestamp-query')) {
      expect(timing.gpuBusySeconds).toBeNull();
      return;
    }
    expect(timing.gpuBusySeconds).toBeGreaterThan(0);
    expect(timing.gpuBusySeconds).toBeLessThan(timing.seconds);
  });

  it('a run of one batch ends with its first', async () => {
    const { timing } = await runOnce(pixels.subarray(0, 4 * size), { batch: 8 });
    expect(timing.firstBatchSeconds).toBe(timing.seconds);
  });

  it('a device without timestamps gives the same bits, and no busy time', async () => {
    const { gpu } = device!;
    const adapter = (await gpu.requestAdapter())!;
    const plain = new Device(gpu, adapter, await adapter.requestDevice());
    try {
      const session = await Session.create(plain, network, { waves: WAVES, batch: 8 });
      const without = await session.classify(pixels.subarray(0, 20 * size));
      session.dispose();
      expect(bits(without)).toEqual(bits(await runOnce(pixels.subarray(0, 20 * size), { batch: 8 })));
      expect(without.timing.gpuBusySeconds).toBeNull();
    } finally {
      plain.dispose();
    }
  });
});

describeOnDevice('options of a session', () => {
  it.each([
    { options: { batch: 0 }, where: 'batch' },
    { options: { batch: 2.5 }, where: 'batch' },
    { options: { waves: 0 }, where: 'waves' },
    { options: { waves: 1000 }, where: 'waves' },
  ])('$options', async ({ options, where }) => {
    const error = await Session.create(device!, network, options).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(OptionError);
    expect((error as OptionError).where).toBe(where);
  });

  it('memory for not even one image', async () => {
    const error = await Session.create(device!, network, { memory: 1000 }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'too-large' });
  });
});

describeOnDevice('disposal', () => {
  it('a disposed session says so; disposing twice does no harm; the device goes on', async () => {
    const session = await Session.create(device!, network, { batch: 4 });
    session.dispose();
    session.dispose();
    const error = await session.classify(pixels.subarray(0, size)).catch((e: unknown) => e);
    expect(error).toMatchObject({ name: 'OptionError', code: 'session-disposed' });
    expect((await runOnce(pixels.subarray(0, size))).images).toBe(1);
  });

  it('disposing while a run is under way rejects it by name or lets it end, and does not hang', async () => {
    const session = await Session.create(device!, network, { batch: 4 });
    const running = session.classify(pixels).catch((e: unknown) => e);
    const waiting = session.classify(pixels).catch((e: unknown) => e);
    await new Promise((resolve) => setTimeout(resolve, 20));
    session.dispose();
    for (const outcome of [await running, await waiting]) {
      if (!(outcome instanceof Error)) continue;
      expect(outcome, `${outcome}`).toBeInstanceOf(BsnnError);
    }
    expect((await runOnce(pixels.subarray(0, size))).images).toBe(1);
  });

  it('forty sessions, one after another: each holds what its plan says, and nothing after disposal', async () => {
    for (let i = 0; i < 40; i++) {
      const session = await Session.create(device!, network, { batch: 16, waves: WAVES });
      const planned = totalBytes(session.plan);
      expect(session.bytes).toBeGreaterThanOrEqual(planned);
      // parameters, counters and two read-backs
      expect(session.bytes).toBeLessThan(planned + 2 * session.plan.buffers.potentials.bytes + 2 ** 17);
      if (i % 10 === 9) expect((await session.classify(pixels.subarray(0, 3 * size))).images).toBe(3);
      session.dispose();
      expect(session.bytes).toBe(0);
    }
    device!.check();
  });
});
