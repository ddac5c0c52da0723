import { describe, expect, it } from 'vitest';
import type { DataSet } from '../../src/data/data-set.ts';
import { prepareSaved, type SavedOptions } from '../../src/evaluate/saved-inputs.ts';
import type { AboutNetwork } from '../../src/network/saved/about.ts';
import { readSavedNetwork, type SavedNetwork } from '../../src/network/saved/load.ts';
import { saveNetwork } from '../../src/network/saved/save.ts';
import { randomNetwork } from '../helpers/random-network.ts';

const NETWORK = randomNetwork({ seed: 7, layers: 3, channels: 6, size: 6, phaseBits: 4, waves: 2, initial: 'half' });
const { shape, mean, std } = NETWORK.input;
const CALIBRATION = {
  dataset: 'mnist',
  images: 9,
  origin: 'own',
  scale: 'percentile',
  percentile: 99,
  perChannel: false,
  correctBias: false,
} as const;

const saved = async (about: AboutNetwork = {}): Promise<SavedNetwork> => readSavedNetwork(await saveNetwork(NETWORK, about));

function dataSet(more: Partial<DataSet> = {}, of = shape): DataSet {
  const read = async (_first: number, count: number) => new Uint8Array(count * of.channels * of.height * of.width);
  const evaluation = { count: 8, shape: of, read, labels: new Uint8Array(8) };
  return { name: 'some', classes: [], mean: [0], std: [1], evaluation, training: null, ...more };
}

describe('prepareSaved', () => {
  it('has the figures of the file', async () => {
    const normalization = { mean, std, meanFrom: 'sidecar', stdFrom: 'options' } as const;
    const { figures, images, waves } = prepareSaved(await saved({ normalization, calibration: CALIBRATION }), dataSet(), {
      offset: 3,
    });
    expect(figures).toEqual({
      ...{
        scale: 'percentile',
        percentile: 99,
        perChannel: false,
        correctBias: false,
        calibrationImages: 9,
        calibratedOn: 'own',
        normalization,
      },
      ...{ skipped: [], notes: [] },
    });
    expect([images.count, waves]).toEqual([5, 3]);
  });

  it('says where the file says nothing', async () => {
    const { figures } = prepareSaved(await saved(), dataSet(), {});
    expect(figures).toMatchObject({ percentile: null, calibrationImages: null, calibratedOn: null });
    expect(figures.normalization).toEqual({ mean, std, meanFrom: 'network', stdFrom: 'network' });
  });

  it('takes numbers that are normalised already where it was converted for these, and for no others', async () => {
    const normalization = { mean, std, meanFrom: 'images', stdFrom: 'images' } as const;
    const own = await saved({ normalization });
    const applied = dataSet({ normalization: 'applied', mean, std });
    expect(prepareSaved(own, applied, {}).figures.notes.map(({ code }) => code)).toEqual(['normalized']);
    const others = dataSet({ normalization: 'applied', mean: mean.map((m) => m / 2), std });
    const refusal = (what: RegExp) => expect.objectContaining({ code: 'saved-network', what: expect.stringMatching(what) });
    expect(() => prepareSaved(own, others, {})).toThrow(refusal(/was not converted for the numbers of data set "some"/));
    expect(() => prepareSaved(own, dataSet(), {})).toThrow(refusal(/was converted for numbers that are normalised already/));
  });

  it('refuses options of conversion by their names, and images of another size', async () => {
    const network = await saved();
    expect(() => prepareSaved(network, dataSet(), { percentile: 99 } as SavedOptions)).toThrow(
      /^percentile: is given with a saved/,
    );
    expect(() => prepareSaved(network, dataSet({}, { ...shape, height: shape.height + 1 }), {})).toThrow(/takes images of/);
    expect(() => prepareSaved(network, dataSet(), { waves: 0 })).toThrow(/waves: 0 is not an integer from 1/);
  });
});
