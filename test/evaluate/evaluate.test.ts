import { afterAll, expect, it } from 'vitest';
import type { DataSet } from '../../src/data/data-set.ts';
import { compare } from '../../src/evaluate/compare.ts';
import { evaluate } from '../../src/evaluate/evaluate.ts';
import type { EvaluateOptions } from '../../src/evaluate/options.ts';
import { predict } from '../../src/evaluate/predict.ts';
import type { EvaluationResult } from '../../src/evaluate/result.ts';
import { liveBytes } from '../../src/gpu/buffers.ts';
import { type ImageSource, pixelsSource } from '../../src/run/source.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { randomPixels } from '../helpers/random-network.ts';
import { residualAnn } from '../network/hand-made.ts';

const IMAGES = 23;
const ann = residualAnn(8);

/** Images that are read with a wait, and which of them were read. */
function dataSet(): DataSet & { readonly reads: number[]; readonly most: () => number } {
  const of = (count: number, seed: number) =>
    pixelsSource(
      randomPixels(ann.input, count, seed),
      ann.input,
      Array.from({ length: count }, (_, i) => i % 10),
    );
  const all = of(IMAGES, 1);
  const reads = new Array<number>(IMAGES).fill(0);
  let most = 0;
  const read: ImageSource['read'] = async (first, count) => {
    await null;
    for (let n = first; n < first + count; n++) reads[n]++;
    most = Math.max(most, count);
    return all.read(first, count);
  };
  const classes = Array.from({ length: 10 }, (_, i) => String(i));
  const evaluation = { ...all, read };
  return { name: 'random', classes, mean: [0.45], std: [0.25], evaluation, training: of(8, 2), reads, most: () => most };
}

const run = (options: EvaluateOptions, data = dataSet()) =>
  evaluate(device!, ann, data, { phaseBits: 4, waves: 2, calibration: 8, ...options });

/** All figures that are counted. */
const counted = ({ ann: trained, snn, layers, spikesPerImage, images }: EvaluationResult) => ({
  ...{ trained, snn, spikesPerImage, images },
  layers: layers.map(({ name, neurons, spikesPerImage: spikes, gridBits }) => ({ name, neurons, spikes, gridBits })),
});

/** What a diagnosis counts, without what it adds up in f32. */
const diagnosed = ({ layers, diagnosis }: EvaluationResult) => ({
  ...{ images: diagnosis?.images, sin: diagnosis?.sin, spikes: diagnosis?.spikesPerImage, energy: diagnosis?.energy },
  layers: layers.map(({ sin, sinOfSpiking, inactive, silent, saturated, spikesPerNeuron, synapticOperations }) => ({
    ...{ sin, sinOfSpiking, inactive, silent, saturated, spikesPerNeuron, synapticOperations },
  })),
});

afterAll(() => device?.dispose());

describeOnDevice('a layer that nothing makes fire', () => {
  const layers = ann.layers.map((layer) =>
    layer.kind === 'neurons' && layer.name === 'block 1a' ? { ...layer, bias: layer.bias.map(() => -1e6) } : layer,
  );
  const silent = { ...ann, layers };
  const conversion = { calibration: 8, perChannel: true };
  const options = { ...conversion, limit: 3 };

  it('is named by evaluate and by what else converts', async () => {
    const found = [
      await evaluate(device!, silent, dataSet(), { ...options, waves: 1 }),
      await compare(device!, silent, dataSet(), { ...options, timesteps: [30], neurons: ['bistable'] }),
      await predict(device!, silent, dataSet(), conversion),
    ];
    for (const { notes, perChannel } of found) {
      expect(perChannel).toBe(true);
      expect(notes.find(({ code }) => code === 'silent-layers')?.text).toContain('"block 1a"');
    }
  });
});

describeOnDevice('evaluate', () => {
  it('figures are those of the whole for every batch size, diagnosed or not', async () => {
    const whole = await run({ batch: IMAGES });
    expect(whole.snn.agreement).toBeGreaterThan(0);
    for (const batch of [1, 7, 16]) {
      for (const diagnosis of [0, 9, IMAGES]) {
        const found = await run({ batch, diagnosis });
        expect(counted(found), `batch ${batch}, ${diagnosis} diagnosed`).toStrictEqual(counted(whole));
      }
    }
    expect(liveBytes(device!)).toBe(0);
  });

  it('a diagnosis does not depend on the batch, nor on the images after it', async () => {
    const whole = diagnosed(await run({ batch: IMAGES, diagnosis: 9, limit: 9 }));
    expect(whole.images).toBe(9);
    for (const batch of [1, 4, 16]) {
      expect(diagnosed(await run({ batch, diagnosis: 9 })), `batch ${batch}`).toStrictEqual(whole);
    }
  });

  it('reads batches; each network sees each image once', async () => {
    const data = dataSet();
    await run({ batch: 4, diagnosis: 10 }, data);
    // those that are diagnosed are run by both at once
    expect(data.reads).toEqual([...new Array(10).fill(1), ...new Array(IMAGES - 10).fill(2)]);
    expect(data.most()).toBe(4);
  });

  it('where all images are diagnosed, times are those of their batches', async () => {
    const { timing, batch } = await run({ batch: 8, diagnosis: IMAGES });
    expect(batch).toBe(8);
    expect(timing.imagesPerSecond).toBeCloseTo(IMAGES / timing.snnSeconds, 6);
    expect(timing.steadyImagesPerSecond).toBeGreaterThan(0);
    expect(timing.firstResultSeconds).toBeLessThan(timing.seconds);
    expect(timing.annSeconds).toBeGreaterThan(0);
  });

  it('an image that cannot be read ends it by name, with all memory given back', async () => {
    const data = dataSet();
    const evaluation = {
      ...data.evaluation,
      read: (first: number, n: number) => (first < 8 ? data.evaluation.read(first, n) : new Uint8Array(5)),
    };
    const broken = { ...data, evaluation };
    for (const diagnosis of [0, IMAGES]) {
      await expect(run({ batch: 4, diagnosis }, broken)).rejects.toThrow(/images 8 to 11 of 23: came as 5 bytes/);
    }
    await expect(compare(device!, ann, broken, { batch: 4, timesteps: [20] })).rejects.toThrow(/images 8 to 11/);
    expect(liveBytes(device!)).toBe(0);
  });
});

describeOnDevice('compare', () => {
  it('has the whole’s figures for every batch size, and reads each image once', async () => {
    const compared = async (batch: number, data = dataSet()) => {
      const { rows, ann: trained } = await compare(device!, ann, data, { batch, timesteps: [14, 26] });
      return { trained, rows: rows.map(({ seconds: _, layers, ...row }) => ({ ...row, layers: layers.map(({ sin }) => sin) })) };
    };
    const whole = await compared(IMAGES);
    const data = dataSet();
    expect(await compared(5, data)).toStrictEqual(whole);
    expect(data.reads).toEqual(new Array(IMAGES).fill(1));
  });
});
