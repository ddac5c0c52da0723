import { type Ann, shapeSize } from '../ann/ann.ts';
import type { Device } from '../gpu/device.ts';
import type { Decoding, LayerSums } from '../network/diagnosis.ts';
import type { SpikingNetwork } from '../network/network.ts';
import type { Sent } from '../network/time.ts';
import { DiagnosisSession } from '../observe/diagnosis.ts';
import { prepareTallies } from '../observe/tally.ts';
import { AnnSession, type Normalization } from '../run/ann-session.ts';
import { Session } from '../run/session.ts';
import { addSums, type Diagnosis, decodeWords, diagnosis } from './diagnosis.ts';

/** What a layer of a depth has sent at the time in question. */
export type Moment = (depth: number) => Sent;

/** What to diagnose. */
export interface DiagnosisInput extends Normalization {
  readonly ann: Ann;
  readonly network: SpikingNetwork;
  /** [image][channel][y][x] */
  readonly pixels: Uint8Array;
  /** Images at once, at most. */
  readonly batch: number;
  /** Words that every layer sends. */
  readonly waves: number;
}

/**
 * Diagnoses a bistable network with the windowed engine, at one moment or several (specification, section 10).
 * @throws OptionError, DeviceError
 */
export async function diagnoseWindowed(
  device: Device,
  input: DiagnosisInput,
  moments: readonly Moment[],
  onProgress: (images: number) => void = () => {},
): Promise<Diagnosis[]> {
  const { ann, network, pixels, batch, waves } = input;
  const trained = await AnnSession.create(device, ann, { ...input, keepCells: true });
  const open: { dispose: () => void }[] = [trained];
  try {
    const spiking = await Session.create(device, network, { batch: Math.min(batch, trained.plan.batch), waves, keepWords: true });
    open.push(spiking);
    const tallies = await prepareTallies(spiking);
    open.push(tallies);
    const session = await DiagnosisSession.create(device, network, trained, tallies, spiking.plan.batch);
    open.push(session);
    const layers = tallies.layers.map(({ layer }) => layer);
    const times = moments.map((moment) => timesOf(network, layers, moment));
    const sums: LayerSums[][] = [];
    const size = shapeSize(ann.input);
    const images = pixels.length / size;
    for (let first = 0; first < images; first += spiking.plan.batch) {
      const count = Math.min(spiking.plan.batch, images - first);
      const chunk = pixels.subarray(first * size, (first + count) * size);
      await trained.classify(chunk);
      await spiking.classify(chunk);
      for (const [m, { sent, decoding }] of times.entries()) {
        tallies.set(count, sent);
        const measured = await session.measure(count, decoding);
        sums[m] = sums[m] ? sums[m].map((sum, i) => addSums(sum, measured[i])) : measured;
      }
      onProgress(first + count);
    }
    return times.map(({ decoding }, m) => diagnosis(network, layers, sums[m], decoding, images));
  } finally {
    for (const one of open.reverse()) one.dispose();
  }
}

function timesOf(network: SpikingNetwork, layers: readonly number[], moment: Moment): { sent: Sent[]; decoding: Decoding[] } {
  const sent = layers.map((l) => moment(network.layers[l].depth));
  const decoding = layers.map((l, i) => {
    const layer = network.layers[l];
    return decodeWords(network.phaseBits, layer.kind === 'pool' ? 0 : layer.scale, sent[i]);
  });
  return { sent, decoding };
}
