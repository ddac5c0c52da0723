import { expect } from 'vitest';
import { shapeSize } from '../../src/ann/ann.ts';
import type { Device } from '../../src/gpu/device.ts';
import type { SpikingNetwork } from '../../src/network/network.ts';
import { readMembranes, readWords } from '../../src/observe/words.ts';
import { type Simulation, simulate } from '../../src/reference/simulate.ts';
import { Session, type SessionOptions } from '../../src/run/session.ts';

/** Index of the first difference, with both values; null where two arrays are equal. */
export function firstDifference(a: ArrayLike<number>, b: ArrayLike<number>): { index: number; a: number; b: number } | null {
  if (a.length !== b.length) return { index: -1, a: a.length, b: b.length };
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return { index: i, a: a[i], b: b[i] };
  return null;
}

/** The reference's simulation of every image. */
export function simulateAll(network: SpikingNetwork, pixels: Uint8Array, waves: number): Simulation[] {
  const size = shapeSize(network.input.shape);
  return Array.from({ length: pixels.length / size }, (_, n) =>
    simulate(network, pixels.subarray(n * size, (n + 1) * size), waves),
  );
}

/** Expects every word, membrane, potential and spike count of the windowed engine to equal the reference's. */
export async function expectSameBits(
  device: Device,
  network: SpikingNetwork,
  pixels: Uint8Array,
  reference: readonly Simulation[],
  options: SessionOptions & { waves: number },
): Promise<void> {
  const images = reference.length;
  const session = await Session.create(device, network, { batch: images, ...options, keepWords: true, keepMembranes: true });
  try {
    const result = await session.classify(pixels);
    const inOneBatch = session.plan.batch >= images;
    for (const [l, layer] of network.layers.entries()) {
      const size = shapeSize(layer.shape);
      if (layer.kind === 'readout' || !inOneBatch) continue;
      const words = await readWords(session, l, images);
      for (const [n, image] of reference.entries()) {
        for (let wave = 0; wave < options.waves; wave++) {
          const got = words.subarray((wave * images + n) * size, (wave * images + n + 1) * size);
          expect(firstDifference(got, image.words[l][wave]), `words of ${layer.name}, image ${n}, wave ${wave}`).toBeNull();
        }
      }
      if (layer.kind !== 'neurons') continue;
      const membranes = await readMembranes(session, l, images);
      for (const [n, image] of reference.entries()) {
        const got = membranes.subarray(n * size, (n + 1) * size);
        expect(firstDifference(got, image.membranes[l]), `membranes of ${layer.name}, image ${n}`).toBeNull();
      }
    }
    for (const [l, layer] of network.layers.entries()) {
      if (layer.kind !== 'neurons') continue;
      const spikes = reference.reduce((sum, image) => sum + image.spikes[l], 0);
      expect(result.spikes[l], `spikes of ${layer.name}`).toBe(spikes);
    }
    const { classes } = session.plan;
    result.steps.forEach((step, p) => {
      for (const [n, image] of reference.entries()) {
        const got = result.potentials.subarray((p * images + n) * classes, (p * images + n + 1) * classes);
        expect(firstDifference(got, image.potentials[p]), `potentials at step ${step}, image ${n}`).toBeNull();
      }
    });
  } finally {
    session.dispose();
  }
}
