import { expect, it } from 'vitest';
import { type Ann, shapeSize } from '../../src/ann/ann.ts';
import { decodeWords } from '../../src/evaluate/diagnosis.ts';
import { Buffers } from '../../src/gpu/buffers.ts';
import { PARTIAL } from '../../src/kernels/diagnose.ts';
import { sources } from '../../src/kernels/sources.ts';
import type { LayerSums } from '../../src/network/diagnosis.ts';
import { fanOut } from '../../src/network/fan-out.ts';
import type { SpikingNetwork } from '../../src/network/network.ts';
import { scalesOf } from '../../src/network/units.ts';
import { readActivations } from '../../src/observe/activations.ts';
import { DiagnosisSession } from '../../src/observe/diagnosis.ts';
import { prepareTallies } from '../../src/observe/tally.ts';
import { diagnose } from '../../src/reference/diagnose.ts';
import { simulate } from '../../src/reference/simulate.ts';
import { AnnSession } from '../../src/run/ann-session.ts';
import { Session } from '../../src/run/session.ts';
import { SteppedSession } from '../../src/run/stepped-session.ts';
import { kOf, type Sent, sentBy } from '../helpers/closed-times.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { type Recipe, randomAnn, randomNetwork, randomPixels } from '../helpers/random-network.ts';
import { residual, residualAnn } from '../network/hand-made.ts';

const INTEGERS = ['inactive', 'sin', 'spiking', 'saturated', 'spikes', 'operations'] as const;
const REALS = ['activation', 'activationSquare', 'decoded', 'decodedSquare', 'product', 'absoluteError'] as const;
/** f32 sums of at most 4,096 positive values, 64 in a row and then in a tree, each term rounded a few times. */
const RELATIVE = 80 * 2 ** -24;
const WAVES = 3;
const BATCH = 9;

/** Spikes so far and the sum of their weights, of one layer of one image, by the reference's words. */
function tallied(
  words: readonly Int32Array[],
  { words: whole, bits }: Sent,
  phaseBits: number,
): { counts: number[]; decoded: number[] } {
  const mask = 2 ** phaseBits - 2 ** (phaseBits - bits);
  const sent = words.slice(0, whole + 1).map((word, wave) => [...word].map((w) => (wave < whole ? w : w & mask)));
  const ones = (w: number) => [...w.toString(2)].filter((bit) => bit === '1').length;
  const total = (of: (w: number) => number) => [...words[0]].map((_, i) => sent.reduce((sum, word) => sum + of(word[i]), 0));
  return { counts: total(ones), decoded: total((w) => w) };
}

/** Diagnoses on the device, and by the reference from the device's activations and the reference's words. */
async function expectReference(ann: Ann, network: SpikingNetwork, images: number, moment: (depth: number) => Sent): Promise<void> {
  const { mean, std } = network.input;
  const pixels = randomPixels(network.input.shape, images, 3);
  const trained = await AnnSession.create(device!, ann, { mean, std, batch: BATCH + 2, keepCells: true });
  const spiking = await Session.create(device!, network, { batch: BATCH, waves: WAVES, keepWords: true });
  const tallies = await prepareTallies(spiking);
  const session = await DiagnosisSession.create(device!, network, trained, tallies, BATCH);
  try {
    await trained.classify(pixels);
    await spiking.classify(pixels);
    const sent = tallies.layers.map(({ layer }) => moment(network.layers[layer].depth));
    const decoding = sent.map((one) => decodeWords(kOf(network), one));
    tallies.set(images, sent);
    const measured = await session.measure(images, decoding);
    const size = shapeSize(network.input.shape);
    const reference = Array.from({ length: images }, (_, n) => simulate(network, pixels.subarray(n * size, (n + 1) * size), WAVES));
    const synapses = fanOut(network);
    for (const [i, { layer }] of tallies.layers.entries()) {
      const { units, shape } = network.layers[layer];
      const scales = scalesOf(units, kOf(network));
      const area = shape.height * shape.width;
      const activations = await readActivations(trained, layer, images);
      const a = activations.map((v, j) => v / scales[Math.floor(j / area) % shape.channels]);
      const each = reference.map(({ words }) => tallied(words[layer], sent[i], kOf(network)));
      const counts = each.flatMap((one) => one.counts);
      const decoded = each.flatMap((one) => one.decoded);
      expectSums(measured[i], diagnose(a, counts, decoded, synapses[layer]!, decoding[i]), network.layers[layer].name);
    }
  } finally {
    for (const one of [session, tallies, spiking, trained]) one.dispose();
  }
}

function expectSums(got: LayerSums, right: LayerSums, layer: string): void {
  for (const name of INTEGERS) expect(got[name], `${name} of ${layer}`).toBe(right[name]);
  for (const name of REALS)
    expect(Math.abs(got[name] - right[name]), `${name} of ${layer}`).toBeLessThanOrEqual(RELATIVE * right[name]);
}

describeOnDevice('diagnosis: the device’s sums are the reference’s', () => {
  it.each<[string, number, (depth: number) => Sent]>([
    ['all words, a full batch', BATCH, () => ({ words: WAVES, bits: 0 })],
    ['one word, one image', 1, () => ({ words: 1, bits: 0 })],
    ['the first spike of a word', 5, () => ({ words: 0, bits: 1 })],
    ['a word and three spikes', 8, () => ({ words: 1, bits: 3 })],
    ['nothing yet', 2, () => ({ words: 0, bits: 0 })],
    ['every layer where it is after 17 steps', 7, (depth) => sentBy(residual(), depth, 17)],
  ])('residual network: %s', async (_, images, moment) => {
    await expectReference(residualAnn(), residual(), images, moment);
  });

  it('a layer of many workgroups, the last one partly empty', async () => {
    await expectReference(residualAnn(30), residual(30), 4, () => ({ words: 2, bits: 0 }));
  });

  it.each([11, 12, 13, 14, 15, 16])('random network %i', async (seed) => {
    const recipe: Recipe = {
      seed,
      layers: 5,
      size: 9,
      channels: 11,
      phaseBits: (seed % 4) + 1,
      waves: WAVES,
      initial: 'half',
      perChannel: seed > 13,
    };
    await expectReference(randomAnn(recipe), randomNetwork(recipe), BATCH - 1, () => ({ words: WAVES, bits: 0 }));
  });
});

describeOnDevice('both engines count the same spikes', () => {
  const network = residual();
  const ann = residualAnn();
  const images = 5;
  const pixels = randomPixels(network.input.shape, images, 3);
  const COUNTS = ['inactive', 'sin', 'spiking', 'spikes', 'decoded'] as const;

  it.each([4, 17, 30, 41])('the windowed engine’s words by step %i, the stepped engine’s accumulators', async (t) => {
    const { mean, std } = network.input;
    const trained = await AnnSession.create(device!, ann, { mean, std, batch: images, keepCells: true });
    const windowed = await Session.create(device!, network, { batch: images, waves: 6, keepWords: true });
    const tallies = await prepareTallies(windowed);
    const stepped = await SteppedSession.create(device!, network, { timesteps: t, batch: images });
    const counted = stepped.accumulators.map(({ layer, first }) => ({ layer, first, tally: null }));
    const { counts, decoded } = stepped.engine.data;
    const ofWords = await DiagnosisSession.create(device!, network, trained, tallies, images);
    const ofSteps = await DiagnosisSession.create(device!, network, trained, { counts, decoded, layers: counted }, images);
    try {
      await trained.classify(pixels);
      await windowed.classify(pixels);
      await stepped.classify(pixels);
      tallies.set(
        images,
        tallies.layers.map(({ layer }) => sentBy(network, network.layers[layer].depth, t)),
      );
      const anyDecoding = { unit: 1, saturation: 0 };
      const words = await ofWords.measure(
        images,
        tallies.layers.map(() => anyDecoding),
      );
      const steps = await ofSteps.measure(
        images,
        counted.map(() => anyDecoding),
      );
      counted.forEach(({ layer }, i) => {
        const same = words[tallies.layers.findIndex((one) => one.layer === layer)];
        for (const name of COUNTS) expect(steps[i][name], `${name} of ${network.layers[layer].name}`).toBe(same[name]);
      });
      expect(steps.some(({ spikes }) => spikes > 0)).toBe(t > kOf(network));
    } finally {
      for (const one of [ofSteps, ofWords, stepped, tallies, windowed, trained]) one.dispose();
    }
  });
});

describeOnDevice('spikes · fan-out', () => {
  it('takes 64 bits where a neuron spikes as often as 2^32 − 1 times', async () => {
    const [ann, network] = [residualAnn(), residual()];
    const { mean, std } = network.input;
    const layer = network.layers.findIndex(({ kind }) => kind === 'neurons');
    const neurons = shapeSize(network.layers[layer].shape);
    const buffers = new Buffers(device!);
    const spikes = Uint32Array.from({ length: neurons }, (_, i) => [2 ** 32 - 1, 2 ** 31, 2 ** 16, 65535, 3][i % 5]);
    const counts = buffers.create('counts', 'storage', neurons * 4, spikes);
    const decoded = buffers.create('decoded', 'storage', neurons * 4);
    const trained = await AnnSession.create(device!, ann, { mean, std, batch: BATCH + 2, keepCells: true });
    const where = { counts, decoded, layers: [{ layer, first: 0, tally: null }] };
    const session = await DiagnosisSession.create(device!, network, trained, where, 1);
    try {
      const [sums] = await session.measure(1, [{ unit: 1, saturation: 0 }]);
      const synapses = fanOut(network)[layer]!;
      const operations = [...spikes].reduce((sum, n, i) => sum + BigInt(n) * BigInt(synapses[i]), 0n);
      expect(operations).toBeGreaterThan(2n ** 32n);
      expect(BigInt(sums.operations)).toBe(operations);
    } finally {
      for (const one of [session, trained, buffers]) one.dispose();
    }
  });
});

it('the host reads the members of a partial in the shader’s order', () => {
  const [, body] = /struct Partial \{([^}]*)\}/.exec(sources.diagnose)!;
  expect([...body.matchAll(/(\w+): (?:u32|f32)/g)].map(([, name]) => name)).toEqual([...PARTIAL]);
  const types = [...body.matchAll(/\w+: (u32|f32)/g)].map(([, type]) => type);
  expect(types.lastIndexOf('u32')).toBe(PARTIAL.indexOf('activation') - 1);
  expect(types.indexOf('f32')).toBe(PARTIAL.indexOf('activation'));
});
