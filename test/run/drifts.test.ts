import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { resnet, spiking } from '../../bench/networks.ts';
import { shapeSize } from '../../src/ann/ann.ts';
import { liveBytes } from '../../src/gpu/buffers.ts';
import type { Device } from '../../src/gpu/device.ts';
import { record } from '../../src/observe/record.ts';
import type { PlanLimits } from '../../src/plan/fit.ts';
import { totalBytes } from '../../src/plan/program.ts';
import { planTrains } from '../../src/plan/trains/plan.ts';
import { CalibrationSession } from '../../src/run/calibration-session.ts';
import { pixelsSource } from '../../src/run/source.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { isUniform } from '../helpers/program.ts';
import { randomPixels } from '../helpers/random-network.ts';
import { KINDS, SPIKING, STEPPED, TRAINED, WAYS, WINDOWED } from '../helpers/sessions.ts';
import { LIMITS, smallDevice } from '../helpers/small-device.ts';
import { SOAK } from '../helpers/soak.ts';

// What all sessions promise alike, asked of each: where one is written anew, the others tell.

const on = device as Device;
const IMAGES = 5;
const pixels = randomPixels(TRAINED.input, IMAGES, 3);
const one = pixels.subarray(0, shapeSize(TRAINED.input));

/** What a call is refused with. */
const refusal = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'was not refused',
    (error: unknown) => error,
  );

// weights of `if` neurons are bound as those of bistable ones are
const BOUND = WAYS.filter(({ name }) => SOAK || !name.startsWith('if'));

describeOnDevice.each(BOUND)('$name: weights beyond one binding', (kind) => {
  let whole: unknown;
  beforeAll(async () => {
    const session = await kind.create(on, { batch: 1 });
    whole = await kind.results(session, pixels);
    session.dispose();
  });

  it.each([
    { uniform: 2 ** 16, what: 'uniform bindings as usual' },
    // its kernels are compiled for this alone: of one kind of session outside a soak
    ...(SOAK || kind === BOUND[BOUND.length - 1] ? [{ uniform: 2 ** 14, what: 'uniform bindings too small for weights' }] : []),
  ])('give the same in shares, $what', async ({ uniform }) => {
    const small = await smallDevice({ maxStorageBufferBindingSize: kind.binding, maxUniformBufferBindingSize: uniform });
    try {
      const session = await kind.create(small, { batch: 1 });
      const { dispatches } = session.plan;
      const stored = dispatches.filter((dispatch) => (dispatch.ranges.weights ?? dispatch.ranges.events) && !isUniform(dispatch));
      for (const { ranges } of dispatches.filter((dispatch) => !isUniform(dispatch))) {
        for (const { size } of Object.values(ranges)) expect(size).toBeLessThanOrEqual(kind.binding);
      }
      if (uniform < 2 ** 16) {
        expect(dispatches.some(isUniform)).toBe(false);
        const shared = new Set(stored.map(({ layer, kernel }) => `${layer} ${kernel}`));
        expect(shared.size).toBeLessThan(stored.length);
      }
      expect(await kind.results(session, pixels)).toEqual(whole);
      session.dispose();
    } finally {
      small.dispose();
    }
  });
});

describe('the plan of a ResNet-34 whose weights are more than a binding', () => {
  const network = spiking(resnet({ depth: 34, width: 1, resolution: 32, classes: 1000 }));
  const options = { synchronous: true, initial: 'half', arithmetic: 'packed', timesteps: 64, batch: 64 } as const;
  const neurons = (['bistable', 'if'] as const).flatMap((name) =>
    (['dense', 'spikes'] as const).map((convolution) => ({ name, convolution })),
  );
  // of all layers together; of the largest alone; the same with all weights from storage
  const bindings = [
    { storage: 2 ** 24, uniform: 2 ** 16 },
    { storage: 2 ** 21, uniform: 2 ** 16 },
    { storage: 2 ** 21, uniform: 2 ** 14 },
  ];

  it.each(neurons)('$name, $convolution: every range within its buffer and a binding', ({ name, convolution }) => {
    for (const { storage, uniform } of bindings) {
      const limits: PlanLimits = { ...LIMITS, maxStorageBufferBindingSize: storage, maxUniformBufferBindingSize: uniform };
      const plan = planTrains(network, limits, { ...options, neuron: { name }, convolution });
      for (const dispatch of plan.dispatches) {
        for (const [bound, { offset, size }] of Object.entries(dispatch.ranges)) {
          expect(size).toBeLessThanOrEqual(bound === 'weights' && isUniform(dispatch) ? uniform : storage);
          expect(offset + size).toBeLessThanOrEqual(plan.buffers[bound].bytes);
          expect(offset % 256).toBe(0);
        }
      }
      // spike-driven layers have theirs as `events`
      const { weights, events } = plan.buffers;
      expect(Math.max(weights.bytes, events.bytes)).toBeGreaterThan(storage);
    }
  });
});

describeOnDevice.each(KINDS)('$name: options of every session', (kind) => {
  it.each([0, 1.5, -3, Number.NaN, 65536])('batch %d', async (batch) => {
    expect(await refusal(kind.create(on, { batch }))).toMatchObject({ name: 'OptionError', code: 'batch', where: 'batch' });
  });

  it.each([0, -1, Number.NaN])('memory %d', async (memory) => {
    expect(await refusal(kind.create(on, { memory }))).toMatchObject({ name: 'OptionError', code: 'memory', where: 'memory' });
  });

  it('memory too little for a batch halves it, with the same results', async () => {
    const full = await kind.create(on, { batch: IMAGES });
    const halved = await kind.create(on, { batch: IMAGES, memory: totalBytes(full.plan) - 1 });
    expect([full.plan.batch, halved.plan.batch]).toEqual([IMAGES, Math.floor(IMAGES / 2)]);
    expect(totalBytes(halved.plan)).toBeLessThan(totalBytes(full.plan));
    expect(await kind.results(halved, pixels)).toEqual(await kind.results(full, pixels));
    full.dispose();
    halved.dispose();
  });

  it('memory too little for one image: what is too large is named', async () => {
    const error = await refusal(kind.create(on, { memory: 1000 }));
    expect(error).toMatchObject({ name: 'DeviceError', code: 'too-large' });
    expect((error as Error).message).toMatch(/everything needs .* MiB, and the memory that may be used has at most/);
  });
});

describeOnDevice.each(KINDS)('$name: after its end', (kind) => {
  const source = pixelsSource(one, TRAINED.input);

  it('a session that was disposed of says so; twice does no harm', async () => {
    const session = await kind.create(on, { batch: 1 });
    session.dispose();
    session.dispose();
    expect(session.bytes).toBe(0);
    expect(await refusal(kind.results(session, one))).toMatchObject({ code: 'session-disposed' });
    expect(await refusal(kind.run(session, source))).toMatchObject({ code: 'session-disposed' });
    on.check();
  });

  it('so does a device; disposing of the session then does no harm', async () => {
    const other = await smallDevice({});
    const session = await kind.create(other, { batch: 1 });
    other.dispose();
    expect(await refusal(kind.results(session, one))).toMatchObject({ code: 'disposed' });
    expect(await refusal(kind.run(session, source))).toMatchObject({ code: 'disposed' });
    expect(await refusal(kind.create(other, { batch: 1 }))).toMatchObject({ code: 'disposed' });
    session.dispose();
    session.dispose();
    other.dispose();
  });
});

describeOnDevice.each(KINDS)('$name: while it runs', (kind) => {
  it('the pixels are those of the call', async () => {
    const session = await kind.create(on, { batch: 2 });
    const expected = await kind.results(session, pixels);
    const own = pixels.slice();
    const before = kind.results(session, own);
    const after = kind.results(session, own);
    own.fill(0);
    expect([await before, await after]).toEqual([expected, expected]);
    session.dispose();
  });

  it.each(SOAK ? [0, 1, 2, 5, 10, 20, 50] : [0, 5])('disposed of after %i ms: it says so, or is done', async (ms) => {
    const session = await kind.create(on, { batch: 1 });
    const expected = await kind.results(session, pixels);
    const running = refusal(kind.results(session, pixels).then((found) => expect(found).toEqual(expected)));
    const waiting = refusal(kind.run(session, pixelsSource(pixels, TRAINED.input)));
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
    session.dispose();
    for (const outcome of [await running, await waiting]) {
      if (outcome !== 'was not refused') expect(outcome).toMatchObject({ code: 'session-disposed' });
    }
    if (ms === 0) expect(await waiting).toMatchObject({ code: 'session-disposed' });
    on.check();
  });

  it.skipIf(kind !== WINDOWED && !SOAK)('created beside one that fails: neither takes the other’s errors', async () => {
    const other = await smallDevice({});
    const make = other.handle.createBuffer.bind(other.handle);
    let wrong = 0;
    vi.spyOn(other.handle, 'createBuffer').mockImplementation((descriptor) => {
      // of two sessions that are created at once, the second one's
      const isWrong = descriptor.label === 'pixels' && wrong++ === 1;
      return make(isWrong ? { ...descriptor, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE } : descriptor);
    });
    const creations = [0, 1, 2].map(() => kind.create(other, { batch: 1 }));
    const [first, second, third] = await Promise.allSettled(creations);
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'validation' } });
    for (const one of [first, third]) {
      expect(one.status).toBe('fulfilled');
      if (one.status === 'fulfilled') expect(await kind.results(one.value, pixels)).toBeTruthy();
    }
    vi.restoreAllMocks();
    other.dispose();
  });
});

it('a stream that is disposed of says so', async (context) => {
  if (!device) return context.skip();
  const session = await STEPPED.create(on, { batch: 1 });
  const streaming = refusal(session.stream(pixelsSource(pixels, TRAINED.input), () => session.dispose()));
  expect(await streaming).toMatchObject({ code: 'session-disposed' });
  on.check();
});

describeOnDevice('what only one session does, after its end', () => {
  it('calibrate', async () => {
    const normalization = { mean: [0.45], std: [0.25] };
    const session = await CalibrationSession.create(on, TRAINED, pixelsSource(one, TRAINED.input), normalization);
    session.dispose();
    expect(await refusal(session.calibrate())).toMatchObject({ code: 'session-disposed' });
  });

  it('record', async () => {
    const session = await STEPPED.create(on, { batch: 1 });
    session.dispose();
    const [{ name }] = SPIKING.layers;
    expect(await refusal(record(session, { layers: [name], what: 'spikes' }, one))).toMatchObject({ code: 'session-disposed' });
  });
});

describeOnDevice.each(KINDS)('$name: what a failing create leaves', (kind) => {
  let other: Device;
  beforeEach(async () => {
    other = await smallDevice({});
  });
  afterEach(() => {
    vi.restoreAllMocks();
    other.dispose();
  });

  it.each(['createBindGroup', 'createComputePipelineAsync', 'createShaderModule'] as const)('%s fails: nothing', async (call) => {
    vi.spyOn(other.handle, call).mockImplementation(() => {
      throw new Error('no more');
    });
    expect(`${await refusal(kind.create(other, { batch: 1 }))}`).toMatch(/no more/);
    expect(liveBytes(other)).toBe(0);
  });

  it('any of its buffers fails: nothing', async () => {
    const make = other.handle.createBuffer.bind(other.handle);
    let left = Number.POSITIVE_INFINITY;
    vi.spyOn(other.handle, 'createBuffer').mockImplementation((descriptor) => {
      if (left-- <= 0) throw new Error('no more');
      return make(descriptor);
    });
    const whole = await kind.create(other, { batch: 1 });
    const planned = Object.keys(whole.plan.buffers).length;
    whole.dispose();
    expect(liveBytes(other)).toBe(0);
    let failures = 0;
    for (let after = 0; ; after++) {
      left = after;
      const outcome = await kind.create(other, { batch: 1 }).catch((error: Error) => error);
      if (!(outcome instanceof Error)) {
        outcome.dispose();
        break;
      }
      failures++;
      expect(liveBytes(other), `after ${after} buffers`).toBe(0);
    }
    // and the parameters, two copies of the results
    expect(failures).toBeGreaterThanOrEqual(planned + 3);
  });
});
