import { expect, it } from 'vitest';
import { convert } from '../../src/convert/convert.ts';
import type { DataSet } from '../../src/data/data-set.ts';
import { neuronOf } from '../../src/evaluate/compared-neuron.ts';
import { trace } from '../../src/evaluate/trace.ts';
import type { SpikingNeurons } from '../../src/network/network.ts';
import { simulateSteps } from '../../src/reference/stepped.ts';
import { pixelsSource } from '../../src/run/source.ts';
import { firstDifference } from '../helpers/compare.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { randomPixels } from '../helpers/random-network.ts';
import { residual, residualAnn } from '../network/hand-made.ts';

const ann = residualAnn(8);

/** K by depth: 2 at the depth of "merge". */
const BY_DEPTH = Array.from({ length: Math.max(...residual(8).layers.map(({ depth }) => depth)) }, (_, depth) =>
  depth === residual(8).layers.find(({ name }) => name === 'merge')!.depth ? 2 : 4 - (depth % 2),
);

const images = (count: number, seed: number) =>
  pixelsSource(randomPixels(ann.input, count, seed), ann.input, new Uint16Array(count).fill(1));

const data: DataSet = {
  name: 'random',
  classes: ['cat', 'dog', ...'abcdefgh'],
  mean: [0.45],
  std: [0.25],
  evaluation: images(3, 1),
  training: images(20, 2),
};

describeOnDevice('trace', () => {
  it.each(['bistable', 'bistable-no-sn', 'if', 'burst:3', 'phase'])(
    '%s: spikes and membranes are the reference’s',
    async (text) => {
      const found = await trace(device!, ann, data, { image: 1, layer: 'merge', neuron: text, timesteps: 27 });
      expect(found).toMatchObject({ layer: 'merge', neuron: text, image: 1, className: 'dog', timesteps: 27, phaseBits: 4 });
      const network = await convert(device!, ann, data.training!, { mean: [0.45], std: [0.25] });
      const l = network.layers.findIndex(({ name }) => name === 'merge');
      const { gridBits, shape } = network.layers[l] as SpikingNeurons;
      const area = shape.height * shape.width;
      const pixels = await data.evaluation.read(1, 1);
      const { trains, membranes } = simulateSteps(network, pixels, { ...neuronOf(text), timesteps: 27 });
      expect(found.spikes.some((s) => s > 0)).toBe(true);
      expect(
        firstDifference(
          found.spikes,
          trains[l].flatMap((train) => [...train]),
        ),
      ).toBeNull();
      // a unit of V is λ·2^-K/θ, of the phase neuron 1/K of that: powers of two, so that nothing is rounded
      const unit = (g: number) => 2 ** -(4 + Math.max(0, g)) / (text === 'phase' ? 4 : 1);
      const scaled = membranes[l].flatMap((v) => Array.from(v, (x, i) => Math.fround(x * unit(gridBits[Math.floor(i / area)]))));
      expect(firstDifference(found.membranes, scaled)).toBeNull();
    },
  );

  it.each<[string, number | number[], number]>([
    ['multi:3', 3, 3],
    ['multi+:3', 3, 3],
    ['bistable', BY_DEPTH, 2],
  ])('%s with K = %j: spikes are the reference’s', async (text, phaseBits, K) => {
    const found = await trace(device!, ann, data, { layer: 'merge', neuron: text, timesteps: 27, phaseBits });
    expect(found).toMatchObject({ phaseBits, timesteps: 27 });
    const network = await convert(device!, ann, data.training!, { mean: [0.45], std: [0.25], phaseBits });
    const l = network.layers.findIndex(({ name }) => name === 'merge');
    const { trains } = simulateSteps(network, await data.evaluation.read(0, 1), { ...neuronOf(text), timesteps: 27 });
    const wanted = trains[l].flatMap((train) => [...train]);
    expect(wanted.some((s) => s !== 0)).toBe(true);
    expect(firstDifference(found.spikes, wanted)).toBeNull();
    for (const { start, end, state } of found.windows) if (state === 'firing') expect(end - start).toBe(K);
  });

  it('windows are the layer’s, and end with the recording', async () => {
    const { windows, timesteps } = await trace(device!, ann, data, { layer: 'block 1b', timesteps: 18 });
    // depth 3: it waits for two windows
    expect(windows).toEqual([
      { start: 8, end: 12, state: 'integrating' },
      { start: 12, end: 16, state: 'firing' },
      { start: 16, end: 18, state: 'integrating' },
    ]);
    expect(timesteps).toBe(18);
    expect((await trace(device!, ann, data, { layer: 'block 1b', neuron: 'if', timesteps: 5 })).windows).toEqual([]);
  });

  it('lasts for three words where nothing else is asked for', async () => {
    const { timesteps, windows } = await trace(device!, ann, data, { layer: 'stem' });
    expect(timesteps).toBe(4 * 6);
    expect(windows.filter(({ state }) => state === 'firing')).toHaveLength(3);
  });

  it('a name is exact, or a part that no other layer has', async () => {
    await expect(trace(device!, ann, data, { layer: 'block 2' })).rejects.toThrow(
      /is the name of 2 layers; choose one of block 2a, block 2b/,
    );
    await expect(trace(device!, ann, data, { layer: 'global' })).rejects.toThrow(
      /is no layer of neurons; choose one of stem, block 1a/,
    );
    expect((await trace(device!, ann, data, { layer: 'ste', timesteps: 1 })).layer).toBe('stem');
  });
});
