import { expect, it } from 'vitest';
import { DeviceError } from '../../src/errors.ts';
import type { Device } from '../../src/gpu/device.ts';
import { type Choice, candidatesOf, isSameChoice, shapeKey, tunedShapes } from '../../src/plan/choices.ts';
import { Session } from '../../src/run/session.ts';
import { passTimer } from '../../src/tune/pass-timer.ts';
import { fastest, measureShapes, repeatsFor, tune } from '../../src/tune/tune.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { randomPixels } from '../helpers/random-network.ts';
import { residual } from '../network/hand-made.ts';

it.each([
  ['2 ms of samples', 0.1, false, 20],
  ['at most 256 of a short kernel', 0, false, 256],
  ['once where one is enough', 5, false, 1],
  ['20 ms where timestamps are rounded', 0.1, true, 200],
  ['a short kernel there', 0, true, 2560],
  ['a long one there', 25, true, 1],
])('repeats a kernel: %s', (_, ms, rounded, expected) => {
  expect(repeatsFor(ms, rounded)).toBe(expected);
});

const network = residual();
const OPTIONS = { batch: 4, waves: 2 };
const shapes = new Set(
  network.layers.flatMap((layer) => (layer.kind === 'neurons' ? [shapeKey(network, layer, OPTIONS.batch)] : [])),
);

/** The device, but with what `over` replaces. */
const deviceWith = (over: Partial<Record<keyof Device, unknown>>): Device =>
  new Proxy(device as Device, {
    get: (target, name) => {
      if (name in over) return over[name as keyof Device];
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });

describeOnDevice('tune', () => {
  it('measures every candidate of every shape, the fastest first', async () => {
    const seen: Choice[] = [];
    const timings = await measureShapes(device!, network, { ...OPTIONS, onProgress: (candidate) => seen.push(candidate) });
    expect(new Set(timings.map(({ shape }) => shape))).toEqual(shapes);
    for (const { shape, layers, candidates, untuned } of timings) {
      const same = network.layers.filter((layer) => layer.kind === 'neurons' && shapeKey(network, layer, OPTIONS.batch) === shape);
      expect(layers).toBe(same.length);
      const [layer] = same;
      if (layer.kind !== 'neurons') throw new Error('not reached');
      const all = candidatesOf(device!.capabilities, layer);
      expect(candidates.length).toBe(all.length);
      for (const one of [...all, untuned]) expect(candidates.filter(({ choice }) => isSameChoice(choice, one)).length).toBe(1);
      for (const { ms } of candidates) expect(ms).toBeGreaterThanOrEqual(0);
      expect(candidates.map(({ ms }) => ms)).toEqual(candidates.map(({ ms }) => ms).sort((a, b) => a - b));
      expect(fastest(timings)[shape]).toEqual(candidates[0].choice);
    }
    // each has two turns
    expect(seen.length).toBe(2 * new Set(seen.map((choice) => JSON.stringify(choice))).size);
  });

  it('runs what images there are over and over, and refuses none', async () => {
    const one = randomPixels(network.input.shape, 1, 3);
    const timings = await measureShapes(device!, network, { ...OPTIONS, images: one, known: {} });
    expect(timings.length).toBe(shapes.size);
    const none = measureShapes(device!, network, { ...OPTIONS, images: new Uint8Array(0) });
    await expect(none).rejects.toMatchObject({ code: 'images' });
  });

  it('changes no result, whatever is chosen for each layer', async () => {
    const pixels = randomPixels(network.input.shape, 7, 3);
    const plain = await Session.create(device!, network, OPTIONS);
    const expected = await plain.classify(pixels);
    const planned = JSON.stringify(plain.plan.dispatches.map(({ kernel, variant }) => [kernel, variant]));
    plain.dispose();
    const mixed = network.layers.flatMap((layer, l) => {
      if (layer.kind !== 'neurons') return [];
      const all = candidatesOf(device!.capabilities, layer);
      return [[shapeKey(network, layer, OPTIONS.batch), all[l % all.length]] as const];
    });
    const choices = Object.fromEntries(mixed);
    expect(tunedShapes(network, choices, device!.capabilities, OPTIONS.batch)).toBe(shapes.size);
    const session = await Session.create(device!, network, { ...OPTIONS, choices });
    expect(JSON.stringify(session.plan.dispatches.map(({ kernel, variant }) => [kernel, variant]))).not.toBe(planned);
    const found = await session.classify(pixels);
    session.dispose();
    expect(expected.spikes.some((spikes) => spikes > 0)).toBe(true);
    // all but the times
    expect({ ...found, timing: null }).toEqual({ ...expected, timing: null });
  });

  it('does not measure what is known, and measures again what cannot be computed here', async () => {
    const known = Object.fromEntries(
      [...shapes].map((shape) => [shape, { form: 'registers', arithmetic: 'f32', weights: 'uniform' }]),
    ) as Record<string, Choice>;
    let measured = 0;
    const onProgress = () => {
      measured++;
    };
    expect(await tune(device!, network, { ...OPTIONS, known, onProgress })).toEqual(known);
    expect(measured).toBe(0);
    const [first, ...others] = shapes;
    // no software driver takes the tiled form, and no device has this one
    const damaged = { ...known, [first]: { form: 'tiled', arithmetic: 'f32', weights: 'uniform' } as const };
    const found = await tune(device!, network, { ...OPTIONS, known: damaged, onProgress });
    expect(measured).toBeGreaterThan(1);
    expect(found[first]).not.toEqual(damaged[first]);
    for (const shape of others) expect(found[shape]).toEqual(known[shape]);
  });

  it('refuses candidates that give other integers', async () => {
    // only the second of them runs with a queue that uploads other pixels
    let runs = 0;
    const queue = new Proxy(device!.handle.queue, {
      get: (target, name) => {
        const value = Reflect.get(target, name, target);
        if (name !== 'writeBuffer') return typeof value === 'function' ? value.bind(target) : value;
        return (buffer: GPUBuffer, ...rest: [number, ArrayBuffer, number, number]) => {
          if (buffer.label === 'pixels' && ++runs === 2) rest[1] = new ArrayBuffer(rest[1].byteLength);
          return target.writeBuffer(buffer, ...rest);
        };
      },
    });
    const handle = new Proxy(device!.handle, {
      get: (target, name) => {
        if (name === 'queue') return queue;
        const value = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const wrong = tune(deviceWith({ handle }), network, OPTIONS);
    await expect(wrong).rejects.toThrow(DeviceError);
    await expect(wrong).rejects.toThrow(/other integers than the first candidate/);
    expect(runs).toBe(2);
  });
});

describeOnDevice('passTimer', () => {
  it.each(['timestamps', 'the wall clock'])('times each kernel by %s, repeated ones for one run', async (by) => {
    const session = await Session.create(device!, network, OPTIONS);
    await session.classify(randomPixels(network.input.shape, 4, 3));
    const handle = new Proxy(device!.handle, {
      get: (target, name) => {
        if (name === 'features' && by !== 'timestamps') return new Set();
        const value = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const timer = passTimer(deviceWith({ handle }));
    try {
      // more than one submission takes
      const work = Array.from({ length: 40 }, (_, i) => ({ kernel: session.engine.kernels[i % 2], repeat: 1 + (i % 3) }));
      const times = await timer.time(work);
      expect(times.length).toBe(40);
      for (const ms of times) expect(ms).toBeGreaterThanOrEqual(0);
      expect(Math.max(...times)).toBeGreaterThan(0);
    } finally {
      timer.dispose();
      session.dispose();
    }
  });
});
