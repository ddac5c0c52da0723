import { afterAll, expect, it } from 'vitest';
import { convert } from '../../src/convert/convert.ts';
import { estimateSums } from '../../src/convert/estimate.ts';
import { keepTried, TRIED_IMAGES, tryNetwork } from '../../src/convert/trials.ts';
import { evaluate } from '../../src/evaluate/evaluate.ts';
import { liveBytes } from '../../src/gpu/buffers.ts';
import { phaseBitsOf } from '../../src/network/network.ts';
import { wordSteps } from '../../src/network/timetable.ts';
import { AnnSession } from '../../src/run/ann-session.ts';
import { logitsAt } from '../../src/run/batch.ts';
import { Session } from '../../src/run/session.ts';
import { pixelsSource } from '../../src/run/source.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { pixelsOf } from '../helpers/images.ts';
import { randomPixels } from '../helpers/random-network.ts';
import { map, residual, residualAnn } from '../network/hand-made.ts';

const IMAGES = 21;
const CLASSES = 10;
const NORMALIZATION = { mean: [0.45], std: [0.25] };
const ann = residualAnn(4);
const source = pixelsSource(randomPixels(ann.input, IMAGES, 3), ann.input);

afterAll(() => device?.dispose());

it('more images than are tried are spread, each with its own logits, whatever the batch', async () => {
  const count = 3 * TRIED_IMAGES + 1;
  const numbers = Uint8Array.from({ length: 2 * count }, (_, i) => (i % 2 === 0 ? (i / 2) & 255 : (i / 2) >> 8));
  const many = pixelsSource(numbers, map(2));
  for (const batch of [1, 64, count]) {
    const tried = keepTried(many, 1);
    for (let first = 0; first < count; first += batch) {
      const images = Math.min(batch, count - first);
      await tried.add({ first, images, logits: Float32Array.from({ length: images }, (_, n) => first + n) });
    }
    const pixels = await pixelsOf(tried.source);
    const which = Array.from({ length: TRIED_IMAGES }, (_, i) => pixels[2 * i] + 256 * pixels[2 * i + 1]);
    expect(which[0]).toBe(0);
    expect(new Set(which).size).toBe(TRIED_IMAGES);
    expect([...tried.logits]).toEqual(which);
  }
});

describeOnDevice('trials of conversions', () => {
  it('estimate each word by what a session gives, whatever the batch', async () => {
    const trained = await AnnSession.create(device!, ann, NORMALIZATION);
    const tried = keepTried(source, CLASSES);
    await trained.run(source, tried.add);
    trained.dispose();
    const network = residual(4, 3);
    const session = await Session.create(device!, network, { waves: 2 });
    const { potentials, images } = await session.classify(await pixelsOf(source));
    const expected = [1, 2].map((wave) => {
      const logits = logitsAt({ potentials, images }, 3 * wave - 1, session);
      const sums = estimateSums();
      for (let n = 0; n < IMAGES; n++) {
        const part = [n * CLASSES, (n + 1) * CLASSES] as const;
        sums.add(tried.logits.subarray(...part), logits.subarray(...part));
      }
      return { t: wordSteps(network.timetable, wave), estimates: sums.estimates() };
    });
    session.dispose();
    for (const batch of [4, 64]) {
      const done: number[] = [];
      expect(await tryNetwork(device!, network, tried, { waves: 2, batch }, (n) => done.push(n))).toStrictEqual(expected);
      expect(done.at(-1)).toBe(IMAGES);
    }
    expect(liveBytes(device!)).toBe(0);
  });

  it('K auto: the least that is estimated to lose no more, with all that was tried', async () => {
    const labelled = pixelsSource(await pixelsOf(source), ann.input, new Uint8Array(IMAGES));
    const stages: string[] = [];
    const run = (loss: number) =>
      evaluate(device!, ann, labelled, { ...NORMALIZATION, waves: 1, limit: 5, calibration: 16, loss }, ({ stage, done, images }) =>
        stages.push(`${stage} ${done}/${images}`),
      );
    const all = await run(100);
    expect(all).toMatchObject({ phaseBits: 2, phaseChoice: { images: 16, met: true, allowed: 1 }, notes: expect.anything() });
    expect(all.phaseChoice?.tried.map(({ phaseBits }) => phaseBits)).toEqual([5, 3, 2]);
    expect(stages).toContain('choice 48/48');
    const { phaseChoice } = await run(1e-9);
    expect(phaseChoice?.tried[0]).toEqual(all.phaseChoice?.tried[0]);
    const least = Math.min(...(phaseChoice?.tried ?? []).map(({ loss }) => loss.value));
    expect(phaseChoice?.loss.value).toBe(least);
    expect(phaseChoice?.met).toBe(least <= 1e-11);
    const given = await evaluate(device!, ann, labelled, { ...NORMALIZATION, waves: 1, limit: 5, calibration: 16, phaseBits: 2 });
    expect(given.phaseChoice).toBeNull();
    expect(given.snn).toEqual(all.snn);
  });

  it('the library’s convert chooses too, and gives what the K that it chose gives', async () => {
    const auto = await convert(device!, ann, source, { ...NORMALIZATION, phaseBits: 'auto', loss: 40 });
    expect(auto).toEqual(await convert(device!, ann, source, { ...NORMALIZATION, phaseBits: phaseBitsOf(auto) }));
    expect(liveBytes(device!)).toBe(0);
  });
});
