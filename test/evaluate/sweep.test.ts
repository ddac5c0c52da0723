import { afterAll, expect, it } from 'vitest';
import { evaluate } from '../../src/evaluate/evaluate.ts';
import { sweep } from '../../src/evaluate/sweep.ts';
import { recommended, type SweepRow } from '../../src/evaluate/swept.ts';
import { tuneNetwork } from '../../src/evaluate/tune-network.ts';
import { phaseBitsOfWay } from '../../src/evaluate/tuned-network.ts';
import { liveBytes } from '../../src/gpu/buffers.ts';
import { pixelsSource } from '../../src/run/source.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { randomPixels } from '../helpers/random-network.ts';
import { residualAnn } from '../network/hand-made.ts';

const ann = residualAnn(4);
const IMAGES = 30;
const images = pixelsSource(
  randomPixels(ann.input, IMAGES, 1),
  ann.input,
  Array.from({ length: IMAGES }, (_, i) => i % 3),
);
const OPTIONS = { mean: [0.45], std: [0.25], waves: 2, limit: 20, batch: 8, calibration: 16 };

afterAll(() => device?.dispose());

const row = (t: number, loss: number): SweepRow => ({
  ...{ scale: 'mse', percentile: 99.9, perChannel: false, correctBias: false, phaseBits: 4, word: 1, top1: 0.9 },
  ...{ t, loss: { value: loss, standardError: 0.001 } },
});

it('recommends the least T that loses no more, else the least loss', () => {
  const rows = [row(80, 0.001), row(60, 0.01), row(70, 0.004), row(70, 0.003)];
  expect(recommended(rows, 0.005)).toEqual({ recommended: rows[3], met: true });
  expect(recommended(rows, 0.0005)).toEqual({ recommended: rows[0], met: false });
});

describeOnDevice('sweep', () => {
  it('has of every way what evaluating it has', async () => {
    const stages: string[] = [];
    const options = {
      ...OPTIONS,
      phaseBits: [2, 3],
      scales: ['max', 'percentile:99'],
      perChannel: [true],
      correctBias: [false, true],
      loss: 1,
    } as const;
    const { rows, ...found } = await sweep(device!, ann, images, options, ({ stage, done, images: all }) =>
      stages.push(`${stage} ${done}/${all}`),
    );
    expect(stages.at(-1)).toBe(`sweep ${8 * 20}/${8 * 20}`);
    expect(rows).toHaveLength(2 * 2 * 2 * 2);
    for (const [scale, K, correctBias] of [
      ['max', 3, false],
      ['percentile:99', 2, true],
    ] as const) {
      const one = await evaluate(device!, ann, images, { ...OPTIONS, phaseBits: K, scale, correctBias });
      const of = rows.filter((r) => r.scale === one.scale && r.phaseBits === K && r.correctBias === correctBias);
      expect(of.map(({ t }) => t)).toEqual(one.snn.wordSteps);
      expect(of[1].top1).toBe(one.snn.top1);
      expect(found.ann).toEqual(one.ann);
      for (const { top1, loss } of of) expect(loss.value).toBeCloseTo(one.ann.top1 - top1, 12);
    }
    expect(found).toMatchObject({ images: 20, allowed: 0.01, waves: 2 });
    expect(found).toMatchObject(recommended(rows, 0.01));
    expect(liveBytes(device!)).toBe(0);
  });

  it('refuses to go through nothing', async () => {
    await expect(sweep(device!, ann, images, { phaseBits: [] })).rejects.toThrow(/^sweep: has nothing to go through/);
  });
});

describeOnDevice('tuneNetwork', () => {
  const tuned = (loss: number, source: typeof images | Omit<typeof images, 'labels'> = images, trials = 8) =>
    tuneNetwork(device!, ann, source, { ...OPTIONS, scales: ['max'], perChannel: [true], correctBias: [true], loss, trials });

  it('checks what it finds on the images to evaluate', async () => {
    const { best, check, tried, triedImages } = await tuned(20);
    expect(triedImages).toBe(10); // those that are not evaluated
    expect(tried.at(-1)).toBeDefined();
    const options = { ...OPTIONS, waves: best.word, scale: best.scale, phaseBits: phaseBitsOfWay(best) };
    const one = await evaluate(device!, ann, images, options);
    expect(one.snn.timesteps).toBe(best.t);
    expect(check).toMatchObject({ images: 20, annTop1: one.ann.top1, top1: one.snn.top1 });
    expect(liveBytes(device!)).toBe(0);
  });

  it('finds the same without labels, and checks nothing', async () => {
    const { labels: _, ...unlabelled } = images;
    const [own, other] = [await tuned(20), await tuned(20, unlabelled)];
    expect(other.check).toBeNull();
    expect(other.tried).toEqual(own.tried);
  });

  it('all may be lost: two bits, and one where that saves steps', async () => {
    const { best } = await tuned(100, images, 100);
    expect(best.met).toBe(true);
    expect(Math.max(...best.phaseBits)).toBe(1);
  });

  it('refuses no trials', async () => {
    await expect(tuned(1, images, 0)).rejects.toThrow(/^trials: 0 is not an integer/);
  });
});
