import type { Device } from '../../src/gpu/device.ts';
import type { SpikingNetwork } from '../../src/network/network.ts';
import { readWords } from '../../src/observe/words.ts';
import { windowed } from '../../src/reference/windowed.ts';
import { Session } from '../../src/run/session.ts';

/** One image, one wave, on the device and by the reference. */
export interface Exactness {
  /** Words, spike counts of layers, and potentials that were compared … */
  readonly compared: number;
  /** … and those of them that are not the same. */
  readonly different: number;
  /** Layers of neurons without a spike. */
  readonly silent: number;
  /** Spikes a word, of all neurons together. */
  readonly spikesPerWord: number;
  /** Until the kernels are compiled and the weights uploaded. */
  readonly compileSeconds: number;
  /** From the image to its potentials. */
  readonly runSeconds: number;
  readonly referenceSeconds: number;
}

/** Numbers compared so far, and differences among them. */
class Comparing {
  compared = 0;
  different = 0;

  add(a: ArrayLike<number>, b: ArrayLike<number>): void {
    const count = Math.max(a.length, b.length);
    for (let i = 0; i < count; i++) if (a[i] !== b[i]) this.different++;
    this.compared += count;
  }
}

const secondsSince = (start: number): number => (performance.now() - start) / 1000;

/** Runs an image through the windowed engine and the reference. @param pixels 0…255, [channel][y][x] */
export async function compareWithReference(device: Device, network: SpikingNetwork, pixels: Uint8Array): Promise<Exactness> {
  const started = performance.now();
  const session = await Session.create(device, network, { batch: 1, waves: 1, keepWords: true });
  try {
    const compileSeconds = secondsSince(started);
    const ran = performance.now();
    const { spikes, potentials } = await session.classify(pixels);
    const runSeconds = secondsSince(ran);
    const simulated = performance.now();
    const reference = windowed(network, pixels, 1);
    const referenceSeconds = secondsSince(simulated);
    const comparing = new Comparing();
    comparing.add(
      potentials,
      reference.potentials.flatMap((after) => [...after]),
    );
    comparing.add(spikes, reference.spikes);
    for (const [l, { kind }] of network.layers.entries()) {
      if (kind !== 'readout') comparing.add(await readWords(session, l, 1), reference.words[l][0]);
    }
    const { compared, different } = comparing;
    const neurons = [...network.layers.keys()].filter((l) => network.layers[l].kind === 'neurons');
    const words = neurons.reduce((sum, l) => sum + reference.words[l][0].length, 0);
    const all = neurons.reduce((sum, l) => sum + spikes[l], 0);
    const silent = neurons.filter((l) => spikes[l] === 0).length;
    return { compared, different, silent, spikesPerWord: all / words, compileSeconds, runSeconds, referenceSeconds };
  } finally {
    session.dispose();
  }
}
