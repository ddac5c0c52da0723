import { expect, it } from 'vitest';
import { shapeSize } from '../../src/ann/ann.ts';
import { OptionError } from '../../src/errors.ts';
import { readBuffer } from '../../src/gpu/buffers.ts';
import type { Device } from '../../src/gpu/device.ts';
import { parseNeuron } from '../../src/neuron/neuron.ts';
import { record } from '../../src/observe/record.ts';
import { readWords } from '../../src/observe/words.ts';
import { Session } from '../../src/run/session.ts';
import { SteppedSession, type SteppedSessionOptions } from '../../src/run/stepped-session.ts';
import { kOf, wordSteps } from '../helpers/closed-times.ts';
import { firstDifference } from '../helpers/compare.ts';
import { expectSameAccumulators, simulateAllSteps } from '../helpers/compare-steps.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { randomPixels } from '../helpers/random-network.ts';
import { SOAK } from '../helpers/soak.ts';
import { residual } from '../network/hand-made.ts';

const network = residual(9);
const pixels = randomPixels(network.input.shape, 5, 7);
const size = shapeSize(network.input.shape);

async function withSession<T>(options: SteppedSessionOptions, use: (session: SteppedSession) => Promise<T>): Promise<T> {
  const session = await SteppedSession.create(device as Device, network, options);
  try {
    return await use(session);
  } finally {
    session.dispose();
  }
}

describeOnDevice('the stepped session', () => {
  it('bistable: the bits of the windowed engine’s words are the spikes of its steps, and the potentials agree', async () => {
    const waves = 3;
    const K = kOf(network);
    const windowed = await Session.create(device as Device, network, { batch: 5, waves, keepWords: true });
    try {
      const words = await windowed.classify(pixels);
      const layers = network.layers.flatMap(({ kind, name }) => (kind === 'neurons' ? [name] : []));
      await withSession({ timesteps: wordSteps(network, waves), batch: 5 }, async (session) => {
        const steps = await session.classify(pixels);
        words.steps.forEach((t, p) => {
          const at = (values: Float64Array, row: number) => values.subarray(row * 5 * 10, (row + 1) * 5 * 10);
          expect(firstDifference(at(steps.potentials, t - 1), at(words.potentials, p)), `potentials after ${t} steps`).toBeNull();
        });
        expect(steps.units).toEqual(words.units);
        expect(steps.divisors[steps.timesteps - 1]).toBe(waves);
        const { layers: records } = await record(session, { layers, what: 'spikes' }, pixels);
        for (const { layer, name, data, shape } of records) {
          const stored = await readWords(windowed, layer, 5);
          const neurons = shape[2];
          const { depth } = network.layers[layer];
          const sent = stored.map((_, i) => {
            const wave = Math.floor(i / (5 * neurons));
            let word = 0;
            for (let k = 0; k < K; k++) word = 2 * word + data[((depth + 2 * wave) * K + k) * 5 * neurons + (i % (5 * neurons))];
            return word;
          });
          expect(firstDifference(sent, stored), `words of ${name}`).toBeNull();
        }
      });
    } finally {
      windowed.dispose();
    }
  });

  it.each([
    ['bistable', {}],
    ['bistable', { synchronous: false }],
    ...(SOAK
      ? ([
          ['if', {}],
          ['burst:3', {}],
          ['phase', {}],
        ] as const)
      : []),
  ] as const)('%s %o: forms, chunks and batches change no bit', async (text, over) => {
    const options = { neuron: parseNeuron(text), timesteps: 43, batch: 5, ...over };
    const run = (more: Partial<SteppedSessionOptions>) =>
      withSession({ ...options, ...more }, (session) => session.classify(pixels));
    const wanted = await run({ convolution: 'dense' });
    expect(wanted.spikes.some((n) => n > 0)).toBe(true);
    for (const more of [
      { convolution: 'spikes' },
      { convolution: 'auto' },
      { convolution: 'dense', arithmetic: 'integers' },
      ...(SOAK ? [{ convolution: 'dense', arithmetic: 'f32' } as const] : []),
      { convolution: 'dense', chunk: 4 },
      { convolution: 'spikes', chunk: 12 },
      { convolution: 'dense', batch: 2 },
    ] as const) {
      const got = await run(more);
      expect(firstDifference(got.potentials, wanted.potentials), JSON.stringify(more)).toBeNull();
      expect(got.spikes).toEqual(wanted.spikes);
    }
  });

  it.each(['bistable', 'if', 'phase'] as const)(
    '%s: accumulators at checkpoints are those of a run that ends there',
    async (text) => {
      const neuron = parseNeuron(text);
      const kept: { step: number; counts: GPUBuffer; first: number; images: number }[] = [];
      const handle = (device as Device).handle;
      await withSession({ neuron, timesteps: 50, batch: 5 }, async (session) => {
        const { counts } = session.engine.data;
        const whole = await session.classify(pixels);
        const cut = await session.classify(pixels, {
          checkpoints: [13, 24, 50],
          onCheckpoint: ({ encoder, step, first, images }) => {
            const copy = handle.createBuffer({ size: counts.size, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC });
            encoder.copyBufferToBuffer(counts, 0, copy, 0, counts.size);
            kept.push({ step, counts: copy, first, images });
          },
        });
        expect(firstDifference(cut.potentials, whole.potentials)).toBeNull();
        await expectSameAccumulators(session, simulateAllSteps(network, pixels, { neuron, timesteps: 50 }));
      });
      expect(kept.map(({ step, first, images }) => [step, first, images])).toEqual([
        [13, 0, 5],
        [24, 0, 5],
        [50, 0, 5],
      ]);
      for (const { step, counts } of kept) {
        await withSession({ neuron, timesteps: step, batch: 5 }, async (session) => {
          await session.classify(pixels);
          const wanted = await readBuffer(session.device, session.engine.data.counts, 0, counts.size);
          const got = await readBuffer(session.device, counts, 0, counts.size);
          expect(firstDifference(new Uint32Array(got), new Uint32Array(wanted)), `counts at ${step}`).toBeNull();
        });
        counts.destroy();
      }
    },
  );

  it('records what was asked for: some neurons, a fraction, states', async () => {
    const options = { timesteps: 30, batch: 2 };
    const two = pixels.subarray(0, 2 * size);
    const reference = simulateAllSteps(network, two, options);
    await withSession(options, async (session) => {
      const chosen = [0, 17, 80, 5];
      const { layers } = await record(session, { layers: ['block 1a'], neurons: chosen, what: 'membrane' }, two);
      expect(layers[0].shape).toEqual([30, 2, 4]);
      reference.forEach(({ membranes }, n) => {
        membranes[1].forEach((v, t) => {
          expect(Array.from(layers[0].data.subarray((t * 2 + n) * 4, (t * 2 + n + 1) * 4))).toEqual(chosen.map((i) => v[i]));
        });
      });
      const part = await record(session, { layers: ['stem', 'block 2b'], fraction: 0.01, what: 'spikes' }, two);
      expect(part.layers.map(({ neurons }) => neurons.length)).toEqual([Math.round(12 * 81 * 0.01), Math.round(20 * 25 * 0.01)]);
      const { layers: states } = await record(session, { layers: ['stem', 'block 1a'], neurons: [3], what: 'state' }, two);
      // the stem integrates in windows 0, 2, …; block 1a, one deeper, in 1, 3, …, and waits before
      const of = (i: number) => Array.from({ length: 30 }, (_, t) => states[i].data[t * 2]);
      expect(of(0)).toEqual(Array.from({ length: 30 }, (_, t) => Math.floor(t / 4) % 2));
      expect(of(1)).toEqual(Array.from({ length: 30 }, (_, t) => (t < 8 ? 0 : (Math.floor(t / 4) + 1) % 2)));
    });
  });

  it('several calls at once run one after another', async () => {
    await withSession({ timesteps: 20, batch: 2 }, async (session) => {
      const one = await session.classify(pixels);
      const [a, b] = await Promise.all([session.classify(pixels), session.classify(pixels.subarray(size))]);
      expect(firstDifference(a.potentials, one.potentials)).toBeNull();
      expect(b.images).toBe(4);
      expect(b.potentials[10 * 4 * 19]).toBe(one.potentials[10 * (5 * 19 + 1)]);
    });
  });

  it('wrong requests are refused by name', async () => {
    await withSession({ timesteps: 20, batch: 2 }, async (session) => {
      await expect(session.classify(pixels.subarray(1))).rejects.toThrow(OptionError);
      await expect(session.classify(pixels, { checkpoints: [21] })).rejects.toThrow(/21 is not a step count from 1 to 20/);
      await expect(record(session, { layers: ['nobody'], what: 'spikes' }, pixels)).rejects.toThrow(/batch of 2/);
      const one = pixels.subarray(0, size);
      await expect(record(session, { layers: ['nobody'], what: 'spikes' }, one)).rejects.toThrow(/choose from stem, block 1a/);
      await expect(record(session, { layers: ['stem'], neurons: [99999], what: 'spikes' }, one)).rejects.toThrow(/99999/);
      await expect(record(session, { layers: ['stem'], fraction: 0, what: 'spikes' }, one)).rejects.toThrow(/fraction/);
    });
    await withSession({ neuron: { name: 'if' }, timesteps: 8, batch: 1 }, async (session) => {
      const one = pixels.subarray(0, size);
      await expect(record(session, { layers: ['stem'], what: 'state' }, one)).rejects.toThrow(/no states/);
      session.dispose();
      await expect(session.classify(one)).rejects.toThrow(/was disposed/);
    });
  });
});
