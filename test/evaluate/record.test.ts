import { describe, expect, it } from 'vitest';
import type { Ann } from '../../src/ann/ann.ts';
import { convert } from '../../src/convert/convert.ts';
import type { DataSet } from '../../src/data/data-set.ts';
import { neuronOf } from '../../src/evaluate/compared-neuron.ts';
import { type ImagesRecording, type RecordedBatch, type RecordImagesOptions, recordImages } from '../../src/evaluate/record.ts';
import type { SpikingNeurons } from '../../src/network/network.ts';
import { pixelsSource } from '../../src/run/source.ts';
import { firstDifference } from '../helpers/compare.ts';
import { simulateAllSteps } from '../helpers/compare-steps.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { randomAnn, randomPixels } from '../helpers/random-network.ts';
import { smallDevice } from '../helpers/small-device.ts';
import { SOAK } from '../helpers/soak.ts';
import { residualAnn } from '../network/hand-made.ts';

const IMAGES = 7;

function dataSetFor(ann: Ann, images = IMAGES): DataSet {
  const labels = Uint16Array.from({ length: images }, (_, i) => i % 2);
  return {
    name: 'random',
    classes: [...'abcdefghij'],
    mean: [0.45],
    std: [0.25],
    evaluation: pixelsSource(randomPixels(ann.input, images, 1), ann.input, labels),
    training: pixelsSource(randomPixels(ann.input, 20, 2), ann.input, new Uint16Array(20)),
  };
}

/** The batches of a recording, and the recording. */
async function recorded(ann: Ann, options: RecordImagesOptions, data = dataSetFor(ann)) {
  const batches: RecordedBatch[] = [];
  const recording = await recordImages(device!, ann, data, options, (batch) => {
    batches.push(batch);
  });
  return { batches, recording };
}

/** What one image's layer did, of all batches. */
function imageOf(
  { batches, recording }: { batches: RecordedBatch[]; recording: ImagesRecording },
  what: 'spikes' | 'membranes',
  i: number,
  layer: number,
) {
  const batch = batches.find(({ first, images }) => i >= first && i < first + images)!;
  const values = batch.layers[layer][what]!;
  const size = values.length / batch.images;
  const { channels, height, width } = recording.layers[layer].shape;
  expect(size).toBe(recording.timesteps * channels * height * width);
  return values.subarray((i - batch.first) * size, (i - batch.first + 1) * size);
}

const NETWORKS: [string, Ann][] = [
  ['residual', residualAnn(8)],
  ['random', randomAnn({ seed: 5, layers: 4, channels: 9, size: 7, phaseBits: 4, waves: 3, initial: 'half' })],
];

describeOnDevice('recordImages', () => {
  describe.each(NETWORKS)('%s network', (_, ann) => {
    it.each(['bistable', 'bistable-no-sn', 'if', 'burst:3', 'phase', 'multi:4', ...(SOAK ? ['multi+:4'] : [])])(
      '%s: spikes and membranes are the reference’s, at every batch size',
      async (neuron) => {
        const data = dataSetFor(ann);
        const network = await convert(device!, ann, data.training!, { mean: [0.45], std: [0.25] });
        const pixels = await data.evaluation.read(1, 5);
        const wanted = simulateAllSteps(network, pixels, { ...neuronOf(neuron), timesteps: 19 });
        const all = network.layers.flatMap(({ kind }, l) => (kind === 'neurons' ? [l] : []));
        for (const batch of [1, 2, 3, 16]) {
          const found = await recorded(ann, { offset: 1, limit: 5, neuron, timesteps: 19, batch }, data);
          expect(found.batches.map(({ images }) => images)).toEqual(
            { 1: [1, 1, 1, 1, 1], 2: [2, 2, 1], 3: [3, 2], 16: [5] }[batch],
          );
          expect(found.batches.flatMap(({ labels }) => [...labels])).toEqual([1, 0, 1, 0, 1]);
          expect(found.recording).toMatchObject({ first: 1, images: 5, timesteps: 19, neuron, signed: neuron === 'multi:4' });
          all.forEach((l, i) => {
            expect(found.recording.layers[i]).toMatchObject({ name: network.layers[l].name, shape: network.layers[l].shape });
            wanted.forEach(({ trains, membranes }, n) => {
              const flat = (steps: readonly ArrayLike<number>[]) => steps.flatMap((values) => Array.from(values));
              const where = `${network.layers[l].name}, image ${n}, batch ${batch}`;
              expect(firstDifference(imageOf(found, 'spikes', 1 + n, i), flat(trains[l])), where).toBeNull();
              expect(firstDifference(imageOf(found, 'membranes', 1 + n, i), flat(membranes[l])), where).toBeNull();
            });
          });
        }
      },
    );
  });

  const ann = residualAnn(8);

  it('units: one of V is λ·2^-K/θ of activation', async () => {
    const { recording } = await recorded(ann, { layers: ['merge'], timesteps: 1 });
    const { training, mean, std } = dataSetFor(ann);
    const network = await convert(device!, ann, training!, { mean, std });
    const { gridBits, units: words } = network.layers.find(({ name }) => name === 'merge') as SpikingNeurons;
    const [{ units }] = recording.layers;
    expect([...units]).toEqual(Array.from(gridBits, (g, o) => words.unit[o] * 2 ** -g));
    const { recording: phase } = await recorded(ann, { layers: ['merge'], timesteps: 1, neuron: 'phase' });
    expect([...phase.layers[0].units]).toEqual([...units].map((unit) => unit / 4));
  });

  it('only what was asked for, each layer once and in the network’s order', async () => {
    const { batches, recording } = await recorded(ann, { layers: ['merge', 'stem', 'ste'], what: ['membranes'], timesteps: 3 });
    expect(recording.layers.map(({ name }) => name)).toEqual(['stem', 'merge']);
    expect(recording.what).toEqual(['membranes']);
    expect(batches).toHaveLength(1);
    expect(batches[0].images).toBe(1);
    for (const { spikes, membranes } of batches[0].layers) expect([spikes === null, membranes === null]).toEqual([true, false]);
    const other = await recorded(ann, { layers: ['stem'], what: ['spikes'], timesteps: 3 });
    expect(other.batches[0].layers[0].membranes).toBeNull();
    expect(other.batches[0].layers[0].spikes).toBeInstanceOf(Uint8Array);
  });

  it('lasts until the deepest layer has sent three words', async () => {
    expect((await recorded(ann, { layers: ['stem'] })).recording.timesteps).toBe(24);
    const { timesteps } = (await recorded(ann, { layers: ['stem', 'merge'] })).recording;
    expect(timesteps).toBeGreaterThan(24);
    expect((await recorded(ann, {})).recording.timesteps).toBe(timesteps);
  });

  it('layers of one name are each their own', async () => {
    const named = { ...ann, layers: ann.layers.map((layer) => ({ ...layer, name: 'one' })) };
    const found = await recorded(named, { timesteps: 12 });
    const wanted = await recorded(ann, { timesteps: 12 });
    expect(found.batches[0].layers).toEqual(wanted.batches[0].layers);
  });

  it('a batch whose recording the device cannot hold is halved', async () => {
    const options = { limit: 7, timesteps: 100, layers: ['stem', 'merge'], what: ['membranes'] } as const;
    const small = await smallDevice({ maxBufferSize: 2 ** 21 });
    try {
      const batches: RecordedBatch[] = [];
      await recordImages(small, ann, dataSetFor(ann), options, (batch) => {
        batches.push(batch);
      });
      expect(batches.map(({ images }) => images)).toEqual([3, 3, 1]);
      const flat = (all: RecordedBatch[]) => all.flatMap(({ layers }) => [...layers[1].membranes!]);
      const whole = await recorded(ann, options);
      expect(whole.batches.map(({ images }) => images)).toEqual([7]);
      expect(firstDifference(flat(batches), flat(whole.batches))).toBeNull();
    } finally {
      small.dispose();
    }
  });

  it.each<[string, RecordImagesOptions, RegExp]>([
    ['nothing to record', { what: [] }, /what: \[\] is not a list of at least one, each one of spikes, membranes/],
    ['something else', { what: ['potentials' as 'spikes'] }, /what: \["potentials"\] is not a list/],
    ['no layers', { layers: [] }, /layers: \[\] is not a list/],
    ['a layer that is not there', { layers: ['stem', 'nowhere'] }, /layer "nowhere": is no layer of neurons/],
    ['an offset behind the images', { offset: 7 }, /7 leaves none of the 7 images/],
    ['a batch of 0', { batch: 0 }, /batch: 0 is not an integer/],
    ['steps without end', { layers: ['stem'], timesteps: 65_536 }, /65536/],
    ['more than memory holds', { timesteps: 65_535 }, /layers: \d+ values of 4 bytes of one image/],
  ])('refuses %s', async (_, options, message) => {
    const tried = recorded(ann, options);
    await expect(tried).rejects.toMatchObject({ name: 'OptionError' });
    await expect(tried).rejects.toThrow(message);
  });

  it('an error of what takes the batches ends the run', async () => {
    let calls = 0;
    const tried = recordImages(device!, ann, dataSetFor(ann), { limit: 4, batch: 1, timesteps: 2 }, () => {
      calls++;
      throw new Error('full');
    });
    await expect(tried).rejects.toThrow('full');
    expect(calls).toBe(1);
  });
});
