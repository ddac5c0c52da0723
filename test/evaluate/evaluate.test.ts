import { createHash } from 'node:crypto';
import { afterAll, expect, it } from 'vitest';
import { convert } from '../../src/convert/convert.ts';
import type { DataSet } from '../../src/data/data-set.ts';
import { compare } from '../../src/evaluate/compare.ts';
import { BLOCK_IMAGES } from '../../src/evaluate/digest.ts';
import { evaluate } from '../../src/evaluate/evaluate.ts';
import { readEvaluation } from '../../src/evaluate/evaluation-file.ts';
import { mergeParts, type NamedEvaluation } from '../../src/evaluate/merge-parts.ts';
import type { EvaluateOptions } from '../../src/evaluate/options.ts';
import { predict } from '../../src/evaluate/predict.ts';
import type { EvaluationResult } from '../../src/evaluate/result.ts';
import { evaluateSaved } from '../../src/evaluate/saved.ts';
import type { WorkOptions } from '../../src/evaluate/work.ts';
import { liveBytes } from '../../src/gpu/buffers.ts';
import { simulate } from '../../src/reference/simulate.ts';
import { type ImageSource, pixelsSource } from '../../src/run/source.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { killedUntilDone } from '../helpers/killed.ts';
import { randomPixels } from '../helpers/random-network.ts';
import { residualAnn } from '../network/hand-made.ts';

const IMAGES = 23;
const ann = residualAnn(8);

/** Images that are read with a wait, and which of them were read. */
function dataSet(images = IMAGES): DataSet & { readonly reads: number[]; readonly most: () => number } {
  const of = (count: number, seed: number) =>
    pixelsSource(
      randomPixels(ann.input, count, seed),
      ann.input,
      Array.from({ length: count }, (_, i) => i % 10),
    );
  const all = of(images, 1);
  const reads = new Array<number>(images).fill(0);
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

const run = (options: EvaluateOptions & WorkOptions, data = dataSet()) =>
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

/** A result without times. */
const untimed = ({ timing: _, diagnosis, ...result }: EvaluationResult) => ({
  ...result,
  diagnosis: diagnosis && { ...diagnosis, seconds: 0 },
});

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

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
  it('figures and digest are those of the whole for every batch size, diagnosed or not', async () => {
    const whole = await run({ batch: IMAGES, digest: true });
    expect(whole.snn.agreement).toBeGreaterThan(0);
    expect(whole.digest?.blocks).toHaveLength(1);
    for (const batch of [1, 7, 16]) {
      for (const diagnosis of [0, 9, IMAGES]) {
        const found = await run({ batch, diagnosis, digest: true });
        expect(counted(found), `batch ${batch}, ${diagnosis} diagnosed`).toStrictEqual(counted(whole));
        expect(found.digest?.sha256).toBe(whole.digest?.sha256);
      }
    }
    expect(liveBytes(device!)).toBe(0);
  });

  it('a digest is that of the literal simulation’s words', async () => {
    const network = await convert(device!, ann, randomPixels(ann.input, 8, 2), { mean: [0.45], std: [0.25] });
    const images = 3;
    const pixels = randomPixels(ann.input, images, 5);
    const source = pixelsSource(pixels, ann.input, new Uint8Array(images));
    const saved = { network, about: { classes: null, normalization: null, calibration: null }, library: '' };
    const { digest } = await evaluateSaved(device!, saved, source, { waves: 2, batch: 2, digest: true });
    const size = pixels.length / images;
    const hashes = Array.from({ length: images }, (_, n) => {
      const { words } = simulate(network, pixels.subarray(n * size, (n + 1) * size), 2);
      const fired = network.layers.flatMap(({ kind }, l) => (kind === 'neurons' ? [l] : []));
      return sha256(Uint8Array.from([0, 1].flatMap((wave) => fired.flatMap((l) => [...words[l][wave]]))));
    });
    expect(digest?.blocks).toEqual([sha256(Buffer.concat(hashes)).toString('hex')]);
    expect(digest?.sha256).toBe(sha256(sha256(Buffer.concat(hashes))).toString('hex'));
  });

  it('killed after any batch and begun again, it ends as if nothing had been', async () => {
    const options = { batch: 4, diagnosis: 10, digest: true };
    const whole = untimed(await run(options));
    for (const writes of [1, 2, 5]) {
      const { found, kills } = await killedUntilDone(writes, (checkpoint) => run({ ...options, checkpoint }));
      expect(untimed(found), `killed ${kills} times`).toStrictEqual(whole);
      // 4 parts of the conversion and all of it, 4 + 4 batches but for the last, 3 that are diagnosed
      expect(kills).toBe(Math.floor(15 / writes));
    }
    expect(liveBytes(device!)).toBe(0);
  });

  it('goes on with another batch, as another device may have it', async () => {
    let text: string | null = null;
    const write = (now: string) => {
      if (text?.includes('"agreeing"')) throw new Error('killed');
      text = now;
    };
    const checkpoint = { name: 'kept', read: () => text, due: () => true, write };
    await expect(run({ batch: 4, digest: true, checkpoint })).rejects.toThrow('killed');
    const found = await run({ batch: 7, digest: true, checkpoint: { ...checkpoint, due: () => false } });
    const whole = await run({ batch: IMAGES, digest: true });
    expect(counted(found)).toStrictEqual(counted(whole));
    expect(found.digest).toStrictEqual(whole.digest);
  });

  it('parts add up to the whole, exactly', async () => {
    const options = { batch: 32, diagnosis: 100, digest: true };
    const images = 3 * BLOCK_IMAGES - 5;
    const whole = untimed(await run(options, dataSet(images)));
    expect(whole.digest?.blocks).toHaveLength(3);
    const parts: NamedEvaluation<EvaluationResult>[] = [];
    for (const index of [3, 1, 2]) {
      const result = await run({ ...options, shard: { index, of: 3 } }, dataSet(images));
      const text = JSON.stringify(result);
      parts.push(readEvaluation(text, `part ${index}`) as NamedEvaluation<EvaluationResult>);
    }
    expect(untimed(mergeParts(parts))).toStrictEqual(JSON.parse(JSON.stringify(whole)));
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
