import { expect, it } from 'vitest';
import { shapeSize } from '../../src/ann/ann.ts';
import { convert } from '../../src/convert/convert.ts';
import type { DataSet } from '../../src/data/data-set.ts';
import { compare } from '../../src/evaluate/compare.ts';
import { COMPARED, neuronOf } from '../../src/evaluate/compared-neuron.ts';
import { fanOut } from '../../src/network/fan-out.ts';
import { convolutionsBy } from '../../src/network/work.ts';
import { ruleOf } from '../../src/neuron/neuron.ts';
import { readActivations } from '../../src/observe/activations.ts';
import { diagnose } from '../../src/reference/diagnose.ts';
import { simulateSteps } from '../../src/reference/stepped.ts';
import { AnnSession } from '../../src/run/ann-session.ts';
import { bestClass } from '../../src/run/logits.ts';
import { pixelsSource } from '../../src/run/source.ts';
import { readoutUnits } from '../helpers/closed-times.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { pixelsOf } from '../helpers/images.ts';
import { randomPixels } from '../helpers/random-network.ts';
import { SOAK } from '../helpers/soak.ts';
import { residual, residualAnn } from '../network/hand-made.ts';

const IMAGES = 5;
const TIMESTEPS = [3, 12, 25, 34];
const ann = residualAnn(8);
const size = shapeSize(ann.input);

/** Random images, two of each class. */
function dataSet(): DataSet {
  const of = (count: number, seed: number) =>
    pixelsSource(
      randomPixels(ann.input, count, seed),
      ann.input,
      Array.from({ length: count }, (_, i) => i >> 1),
    );
  const classes = Array.from({ length: 10 }, (_, i) => String(i));
  return { name: 'random', classes, mean: [0.45], std: [0.25], evaluation: of(IMAGES, 1), training: of(20, 2) };
}

/** K by depth, from the input's window on: the deepest layers of the network keep their own. */
const BY_DEPTH = Array.from({ length: Math.max(...residual(8).layers.map(({ depth }) => depth)) }, (_, depth) => 4 - (depth % 3));

describeOnDevice('compare', () => {
  it.each<[string, { readonly phaseBits: number | number[]; readonly neurons: readonly string[] }]>([
    ['for every neuron', { phaseBits: 4, neurons: COMPARED }],
    ['for multi-threshold neurons', { phaseBits: 3, neurons: SOAK ? ['multi:3', 'multi+:3'] : ['multi:3'] }],
    ['where K differs by depth', { phaseBits: BY_DEPTH, neurons: ['bistable', 'if'] }],
  ])('has the reference’s figures %s at every time', async (_, { phaseBits, neurons }) => {
    const data = dataSet();
    const { labels } = data.evaluation;
    const pixels = await pixelsOf(data.evaluation);
    // batches of 2, so that the last one is not full
    const found = await compare(device!, ann, data, { timesteps: TIMESTEPS, batch: 2, phaseBits, neurons });
    expect(found).toMatchObject({ images: IMAGES, phaseBits, calibrationImages: 20 });
    expect(found.rows.map(({ neuron, t }) => [neuron, t])).toEqual(neurons.flatMap((neuron) => TIMESTEPS.map((t) => [neuron, t])));

    const network = await convert(device!, ann, data.training!, { mean: [0.45], std: [0.25], batch: 2, phaseBits });
    const trained = await AnnSession.create(device!, ann, { mean: [0.45], std: [0.25], batch: IMAGES, keepCells: true });
    await trained.classify(pixels);
    const layers = network.layers.flatMap(({ kind }, l) => (kind === 'neurons' ? [l] : []));
    const activations = await Promise.all(layers.map((l) => readActivations(trained, l, IMAGES)));
    trained.dispose();

    for (const { neuron: text, t, layers: perLayer, ...row } of found.rows) {
      const { neuron, synchronous } = neuronOf(text);
      const model = ruleOf(neuron);
      const each = Array.from({ length: IMAGES }, (_, n) =>
        simulateSteps(network, pixels.subarray(n * size, (n + 1) * size), { neuron, synchronous, timesteps: t }),
      );
      const synapses = fanOut(network, { synchronous: synchronous && model.windowed, maximaCounted: false });
      const sums = layers.map((l, i) => {
        const counts = each.flatMap((one) => [...one.counts[l]]);
        const decoded = each.flatMap((one) => [...one.decoded[l]]);
        return diagnose(activations[i], counts, decoded, synapses[l]!, { unit: 1, saturation: 0 });
      });
      const total = (of: (sum: (typeof sums)[number]) => number) => sums.reduce((all, sum) => all + of(sum), 0);
      const where = `${text} after ${t} steps`;
      expect(row.sin, where).toBeCloseTo(total(({ sin }) => sin) / activations.reduce((n, a) => n + a.length, 0), 12);
      expect(row.spikesPerImage, where).toBeCloseTo(total(({ spikes }) => spikes) / IMAGES, 9);
      expect(row.synapticOperations, where).toBeCloseTo(total(({ operations }) => operations) / IMAGES, 6);
      perLayer.forEach((layer, i) => {
        expect(layer.sin, where).toBeCloseTo(sums[i].sin / activations[i].length, 12);
      });
      const units = readoutUnits(network);
      const right = each.filter(({ potentials }, n) => bestClass(potentials[t - 1].map((v, c) => v * units[c])) === labels[n]);
      if (row.top1 !== null) expect(row.top1, where).toBe(right.length / IMAGES);
      // without a spike in front of the readout, all it has is its bias
      else expect(each.every(({ trains }) => trains.at(-2)!.every((train) => train.every((s) => s === 0)))).toBe(true);
    }
  });

  it('refuses neurons that it does not know, before any work', async () => {
    await expect(compare(device!, ann, dataSet(), { neurons: ['if', 'lif'] })).rejects.toThrow(/"lif" is not known/);
  });
});

it('convolutions: in every step, or in those of the windows in which sources send', () => {
  const network = residual(8);
  // eight convolutions of spikes with the readout's, and two of pixels, whose current is computed once
  const weighted = network.layers.flatMap((layer) => (layer.kind === 'pool' ? [] : layer.terms));
  const convolutions = weighted.filter(({ operator, source }) => operator.type === 'convolution' && source >= 0).length;
  expect(convolutionsBy(network, 7, false, true)).toBe(2 + 7 * convolutions);
  // nothing arrives in the first window; the first layer sends in the second one
  expect(convolutionsBy(network, 4, true, true)).toBe(2);
  const firstReaders = weighted.filter(
    ({ operator, source, delay }) => operator.type === 'convolution' && source === 0 && delay === 0,
  );
  expect(convolutionsBy(network, 7, true, true)).toBe(2 + 3 * firstReaders.length);
  // a source whose spikes are held back arrives later
  expect(convolutionsBy(network, 100, true, true)).toBeLessThan(convolutionsBy(network, 100, true, false));
});
