import { convert } from '../../src/convert/convert.ts';
import { bestClasses, countHits } from '../../src/evaluate/accuracy.ts';
import { evaluate } from '../../src/evaluate/evaluate.ts';
import { digest, folding } from '../../src/evaluate/folds.ts';
import { cutImages, type Part, spikingFold, trainedFold } from '../../src/evaluate/passes.ts';
import type { Device } from '../../src/gpu/device.ts';
import type { SpikingNetwork } from '../../src/network/network.ts';
import { AnnSession } from '../../src/run/ann-session.ts';
import type { Batch } from '../../src/run/batch.ts';
import { Session } from '../../src/run/session.ts';
import { readImages } from '../../src/run/source.ts';
import { CLASSES, flowNetwork, madeUpDataSet } from './images.ts';

/** Batches that the stream is cut into; the last divides nothing. */
const BATCHES = [1, 16, 64, 90];
const WAVES = 3;

/**
 * Checks that images that flow by give the figures (===), and every potential (by digest), of the same images given whole.
 * @returns what was compared, in words
 * @throws Error where anything differs
 */
export async function checkFigures(device: Device, images: number): Promise<string> {
  const data = madeUpDataSet(images);
  const ann = flowNetwork();
  const { mean, std, training } = data;
  const network = await convert(device, ann, training as NonNullable<typeof training>, { mean, std });
  const [part] = cutImages(data.evaluation, images, CLASSES);
  const whole = await figuresOfWhole(device, network, part as Part, { mean, std });
  for (const batch of BATCHES) {
    const found = await figuresOfStream(device, network, part as Part, { mean, std }, batch);
    if (JSON.stringify(found) !== JSON.stringify(whole)) {
      throw new Error(`batches of ${batch}: ${JSON.stringify(found)}, the whole: ${JSON.stringify(whole)}`);
    }
  }
  const { ann: trained, snn } = await evaluate(device, ann, data, { phaseBits: 4, batch: 64, diagnosis: 32, waves: WAVES });
  const { hits, agreeing } = whole.spiking;
  const expected = [whole.trained.top1, hits[hits.length - 1].top1, hits[hits.length - 1].top5, agreeing].map((n) => n / images);
  const given = [trained.top1, snn.top1, snn.top5, snn.agreement];
  if (given.some((v, i) => v !== expected[i])) throw new Error(`evaluate: ${given}, the whole: ${expected}`);
  return `${images} images in batches of ${BATCHES.join(', ')} and by evaluate: all figures === those of the whole; agreement ${snn.agreement}, digest ${whole.digest}`;
}

interface Normalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** All pixels in one array, all potentials in another, and the sums of that one batch. */
async function figuresOfWhole(device: Device, network: SpikingNetwork, part: Part, normalization: Normalization) {
  const { source } = part;
  const pixels = await readImages(source, 0, source.count);
  const trained = await AnnSession.create(device, flowNetwork(), normalization);
  const spiking = await Session.create(device, network, { waves: WAVES });
  try {
    const { logits, images } = await trained.classify(pixels);
    const readings = { values: logits, images };
    part.classes.set(bestClasses(readings));
    const { potentials, spikes } = await spiking.classify(pixels);
    const all: Batch = { first: 0, images, potentials, spikes, gpuSeconds: null };
    const fold = spikingFold(part, spiking);
    fold.add(all);
    const sums = fold.sums();
    if (sums === null) throw new Error('no sums');
    return { trained: countHits(readings, source.labels), spiking: sums, digest: digest(all, CLASSES) };
  } finally {
    trained.dispose();
    spiking.dispose();
  }
}

/** The same, batch by batch. */
async function figuresOfStream(device: Device, network: SpikingNetwork, part: Part, normalization: Normalization, batch: number) {
  part.classes.fill(0);
  const trained = await AnnSession.create(device, flowNetwork(), { ...normalization, batch });
  const spiking = await Session.create(device, network, { waves: WAVES, batch });
  try {
    const hits = trainedFold(part);
    await trained.run(part.source, hits.add);
    const fold = spikingFold(part, spiking);
    const digests = folding((one: Batch) => digest(one, CLASSES));
    await spiking.run(part.source, (one) => {
      fold.add(one);
      digests.add(one);
    });
    return { trained: hits.sums(), spiking: fold.sums(), digest: digests.sums() };
  } finally {
    trained.dispose();
    spiking.dispose();
  }
}
