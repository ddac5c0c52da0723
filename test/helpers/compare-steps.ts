import { expect } from 'vitest';
import { shapeSize } from '../../src/ann/ann.ts';
import { readBuffer } from '../../src/gpu/buffers.ts';
import type { Device } from '../../src/gpu/device.ts';
import type { SpikingNetwork } from '../../src/network/network.ts';
import { record } from '../../src/observe/record.ts';
import { type StepOptions, type StepSimulation, simulateSteps } from '../../src/reference/stepped.ts';
import { SteppedSession, type SteppedSessionOptions } from '../../src/run/stepped-session.ts';
import { firstDifference } from './compare.ts';

/** The reference's simulation of every image. */
export function simulateAllSteps(network: SpikingNetwork, pixels: Uint8Array, options: StepOptions): StepSimulation[] {
  const size = shapeSize(network.input.shape);
  return Array.from({ length: pixels.length / size }, (_, n) =>
    simulateSteps(network, pixels.subarray(n * size, (n + 1) * size), options),
  );
}

/** Expects every spike, membrane and potential of every step, and all accumulators, to equal the reference's. */
export async function expectSameSteps(
  device: Device,
  network: SpikingNetwork,
  pixels: Uint8Array,
  reference: readonly StepSimulation[],
  options: SteppedSessionOptions,
): Promise<void> {
  const images = reference.length;
  const session = await SteppedSession.create(device, network, { batch: images, ...options });
  try {
    await expectSamePotentials(session, pixels, reference);
    await expectSameAccumulators(session, reference);
    const layers = network.layers.flatMap(({ kind, name }) => (kind === 'neurons' ? [name] : []));
    for (const what of ['spikes', 'membrane'] as const) {
      const recorded = await record(session, { layers, what }, pixels);
      for (const { layer, name, data } of recorded.layers) {
        const wanted = reference.map((image) => (what === 'spikes' ? image.trains : image.membranes)[layer]);
        const size = wanted[0][0].length;
        for (let t = 0; t < options.timesteps; t++) {
          for (let n = 0; n < images; n++) {
            const got = data.subarray((t * images + n) * size, (t * images + n + 1) * size);
            expect(firstDifference(got, wanted[n][t]), `${what} of ${name}, step ${t}, image ${n}`).toBeNull();
          }
        }
      }
    }
  } finally {
    session.dispose();
  }
}

/** Potentials of every step, and spikes of every layer. */
export async function expectSamePotentials(
  session: SteppedSession,
  pixels: Uint8Array,
  reference: readonly StepSimulation[],
): Promise<void> {
  const images = reference.length;
  const { classes } = session.plan;
  const result = await session.classify(pixels);
  for (let t = 0; t < result.timesteps; t++) {
    reference.forEach(({ potentials }, n) => {
      const got = result.potentials.subarray((t * images + n) * classes, (t * images + n + 1) * classes);
      expect(firstDifference(got, potentials[t]), `potentials at step ${t}, image ${n}`).toBeNull();
    });
  }
  const spikes = session.network.layers.map((_, l) => reference.reduce((sum, image) => sum + image.spikes[l], 0));
  expect(result.spikes).toEqual(spikes);
}

/** `counts` and `decoded` of the last batch. Needs all images in one batch. */
export async function expectSameAccumulators(session: SteppedSession, reference: readonly StepSimulation[]): Promise<void> {
  const { counts, decoded } = session.engine.data;
  for (const { layer, name, neurons, first, batch } of session.accumulators) {
    const read = async (buffer: GPUBuffer) =>
      new Int32Array(await readBuffer(session.device, buffer, first * 4, neurons * batch * 4));
    const [sent, sum] = [await read(counts), await read(decoded)];
    reference.forEach((image, n) => {
      const of = (values: Int32Array) => image.counts[layer].map((_, i) => values[i * batch + n]);
      expect(firstDifference(of(sent), image.counts[layer]), `counts of ${name}, image ${n}`).toBeNull();
      expect(firstDifference(of(sum), image.decoded[layer]), `decoded of ${name}, image ${n}`).toBeNull();
    });
  }
}
