import { describe, expect, it } from 'vitest';
import { shapeSize } from '../../src/ann/ann.ts';
import { convert } from '../../src/convert/convert.ts';
import { openDataSet } from '../../src/data/open.ts';
import { batchWords, type Digester, digester, wordDigest } from '../../src/evaluate/digest.ts';
import type { Device } from '../../src/gpu/device.ts';
import type { SpikingNetwork } from '../../src/network/network.ts';
import { phaseWeight, wordSteps } from '../../src/network/timetable.ts';
import { record } from '../../src/observe/record.ts';
import { importOnnx } from '../../src/onnx/import.ts';
import { Session, type SessionOptions } from '../../src/run/session.ts';
import { pixelsSource } from '../../src/run/source.ts';
import { SteppedSession } from '../../src/run/stepped-session.ts';
import { modelPath, normalizationOf } from '../helpers/shared.ts';
import { SOAK } from '../helpers/soak.ts';

// The digest of one network's words in every way to compute them; test/evaluate/evaluate holds it against the literal simulation.

// a device is opened for a soak alone
const { device } = SOAK ? await import('../helpers/device.ts') : { device: null };

const IMAGES = 70;
const WAVES = 3;

const sha256 = (digests: Digester): string => wordDigest(digests.blocks()).sha256;

async function windowed(on: Device, network: SpikingNetwork, pixels: Uint8Array, options: SessionOptions): Promise<string> {
  const source = pixelsSource(pixels, network.input.shape);
  const session = await Session.create(on, network, { waves: WAVES, readWords: true, ...options });
  try {
    const digests = digester(source.count);
    await session.run(source, (batch) => digests.add(batch.first, batch.images, batchWords(network, session.plan, batch)));
    return sha256(digests);
  } finally {
    session.dispose();
  }
}

/** Of words put together from the spikes of every step. */
async function stepped(on: Device, network: SpikingNetwork, pixels: Uint8Array): Promise<string> {
  const { timetable, layers } = network;
  const images = pixels.length / shapeSize(network.input.shape);
  const timesteps = wordSteps(timetable, WAVES);
  const session = await SteppedSession.create(on, network, { timesteps, batch: images });
  try {
    const names = layers.flatMap(({ kind, name }) => (kind === 'neurons' ? [name] : []));
    const recorded = await record(session, { layers: names, what: 'spikes' }, pixels);
    const digests = digester(images);
    for (let n = 0; n < images; n++) {
      const words = Array.from({ length: WAVES }, (_, wave) =>
        recorded.layers.map(({ layer, neurons, data }) => {
          const { fires, phases } = timetable.layers[layers[layer].depth];
          const word = new Uint8Array(neurons.length);
          for (let phase = 0; phase < phases; phase++) {
            const row = ((fires.first + wave * timetable.period + phase) * images + n) * neurons.length;
            for (let i = 0; i < word.length; i++) word[i] += data[row + i] * phaseWeight(phases, phase);
          }
          return word;
        }),
      );
      digests.add(n, 1, Buffer.concat(words.flat()));
    }
    return sha256(digests);
  } finally {
    session.dispose();
  }
}

describe.skipIf(device === null)('the digest of mnist-resnet’s words', () => {
  it('is one for every batch, form and engine', async () => {
    const path = modelPath('mnist-resnet')!;
    const { evaluation, training } = await openDataSet('mnist');
    const network = await convert(device!, await importOnnx(path), await training!.read(0, 200), normalizationOf(path));
    const pixels = await evaluation.read(0, IMAGES);
    const plain = await windowed(device!, network, pixels, { batch: 64 });
    for (const batch of [1, 7]) expect(await windowed(device!, network, pixels, { batch }), `batch ${batch}`).toBe(plain);
    const { waysOfDevice } = await import('../helpers/choices.ts');
    const ways = waysOfDevice();
    for (const { on, ...way } of ways) expect(await windowed(on, network, pixels, way), JSON.stringify(way)).toBe(plain);
    const few = pixels.subarray(0, 2 * shapeSize(network.input.shape));
    expect(await stepped(device!, network, few)).toBe(await windowed(device!, network, few, {}));
    console.log(`${plain}: batches 1, 7 and 64, ${ways.length} ways, both engines`);
  });
});
