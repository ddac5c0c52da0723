import { afterAll, expect, it } from 'vitest';
import { shapeSize } from '../../src/ann/ann.ts';
import { OptionError } from '../../src/errors.ts';
import { AnnSession } from '../../src/run/ann-session.ts';
import { type Batch, logitsAt } from '../../src/run/batch.ts';
import { Session } from '../../src/run/session.ts';
import { type ImageSource, pixelsSource } from '../../src/run/source.ts';
import { SteppedSession } from '../../src/run/stepped-session.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { randomPixels } from '../helpers/random-network.ts';
import { residual, residualAnn } from '../network/hand-made.ts';

const network = residual();
const ann = residualAnn();
const IMAGES = 13;
const { shape } = network.input;
const size = shapeSize(shape);
const pixels = randomPixels(shape, IMAGES, 1);
const source: ImageSource = {
  ...pixelsSource(pixels, shape),
  read: async (first, n) => pixels.slice(first * size, (first + n) * size),
};

/** What all three kinds of sessions have in common here. */
interface AnySession {
  run(
    source: ImageSource,
    onBatch: (batch: { first: number; images: number }) => void | Promise<void>,
  ): Promise<{ images: number }>;
  classify(pixels: Uint8Array): Promise<{ images: number }>;
  dispose(): void;
}

const KINDS: { kind: string; create: () => Promise<AnySession> }[] = [
  { kind: 'windowed', create: () => Session.create(device!, network, { waves: 2, batch: 4 }) },
  { kind: 'trained', create: () => AnnSession.create(device!, ann, { mean: [0.45], std: [0.25], batch: 4 }) },
  { kind: 'stepped', create: () => SteppedSession.create(device!, network, { timesteps: 24, batch: 4 }) },
];

afterAll(() => device?.dispose());

for (const { kind, create } of KINDS) {
  describeOnDevice(`${kind}: a run over a source`, () => {
    const ended = async (work: (session: AnySession) => Promise<void>) => {
      const session = await create();
      try {
        await work(session);
      } finally {
        session.dispose();
      }
    };

    it('gives batches in order', () =>
      ended(async (session) => {
        const seen: number[][] = [];
        const { images } = await session.run(source, ({ first, images: n }) => {
          seen.push([first, n]);
        });
        expect(images).toBe(IMAGES);
        expect(seen).toEqual([
          [0, 4],
          [4, 4],
          [8, 4],
          [12, 1],
        ]);
      }));

    it.each([0, 4, 12])('an error of the receiver at image %i ends it, and the session goes on', (at) =>
      ended(async (session) => {
        const before = await session.classify(pixels);
        const fails = session.run(source, async ({ first }) => {
          await null;
          if (first === at) throw new Error('the receiver’s own');
        });
        await expect(fails).rejects.toThrow('the receiver’s own');
        expect(withoutTiming(await session.classify(pixels))).toEqual(withoutTiming(before));
      }),
    );

    it.each([0, 4, 12])('an error of the source at image %i ends it, and the session goes on', (at) =>
      ended(async (session) => {
        const before = await session.classify(pixels);
        const broken = { ...source, read: (first: number, n: number) => new Uint8Array(first === at ? 1 : n * size) };
        const error = await session.run(broken, () => {}).catch((e: unknown) => e);
        expect(error).toBeInstanceOf(OptionError);
        expect((error as OptionError).where).toMatch(new RegExp(`images ${at} to`));
        expect(withoutTiming(await session.classify(pixels))).toEqual(withoutTiming(before));
      }),
    );

    it('no image: no batch', () =>
      ended(async (session) => {
        const none = { ...source, count: 0 };
        expect(await session.run(none, () => expect.unreachable())).toMatchObject({ images: 0 });
      }));
  });
}

const withoutTiming = (result: object) => ({ ...result, timing: null });

describeOnDevice('batches', () => {
  it('hold what classify gives, windowed', async () => {
    const session = await Session.create(device!, network, { waves: 2, batch: 4 });
    const all = await session.classify(pixels);
    const batches: Batch[] = [];
    const { timing } = await session.run(source, (batch) => {
      batches.push(batch);
    });
    const classes = session.units.length;
    for (const { first, images, potentials, gpuSeconds } of batches) {
      session.points.steps.forEach((_, p) => {
        const at = (p * IMAGES + first) * classes;
        const part = potentials.subarray(p * images * classes, (p + 1) * images * classes);
        expect(part).toEqual(all.potentials.subarray(at, at + images * classes));
      });
      expect(gpuSeconds === null).toBe(timing.gpuBusySeconds === null);
    }
    const last = batches.map((batch) => [...Float32Array.from(logitsAt(batch, session.points.steps.length - 1, session))]);
    expect(last.flat()).toEqual([...all.logits]);
    expect(network.layers.map((_, l) => batches.reduce((sum, { spikes }) => sum + spikes[l], 0))).toEqual(all.spikes);
    session.dispose();
  });

  it('are the receiver’s: later batches leave them as they were', async () => {
    const session = await SteppedSession.create(device!, network, { timesteps: 20, batch: 4 });
    const kept: { batch: Batch; at: Float64Array }[] = [];
    await session.run(source, (batch) => {
      kept.push({ batch, at: batch.potentials.slice() });
    });
    for (const { batch, at } of kept) expect(batch.potentials).toEqual(at);
    session.dispose();
  });
});
