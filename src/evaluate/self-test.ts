import { type AnnTerm, INPUT, type Shape, shapeSize, type Window } from '../ann/ann.ts';
import {
  ann,
  convolution,
  map,
  neurons,
  pool,
  randomPixels,
  randomWeights,
  readout,
  SAME,
  seeded,
  shortcut,
  square,
} from '../ann/build.ts';
import type { Device } from '../gpu/device.ts';
import type { SpikingNetwork } from '../network/network.ts';
import { quantize } from '../quantize/quantize.ts';
import { type Simulation, simulate } from '../reference/simulate.ts';
import { type RunResult, Session, type SessionOptions } from '../run/session.ts';

type Arithmetic = NonNullable<SessionOptions['arithmetic']>;

/** Whether a device computes what the reference says, in each arithmetic that it has. */
export interface SelfTest {
  readonly images: number;
  readonly waves: number;
  readonly layers: number;
  readonly variants: ReadonlyArray<{
    readonly arithmetic: Arithmetic;
    /** What differs first; null where every potential and every count of spikes is equal (`===`). */
    readonly difference: string | null;
  }>;
}

const IMAGES = 5;
const WAVES = 2;

/** Runs a small network with a shortcut and both pools on the device and in the reference, and compares all integers. */
export async function selfTest(device: Device): Promise<SelfTest> {
  const network = smallNetwork();
  const size = shapeSize(network.input.shape);
  const pixels = randomPixels(network.input.shape, IMAGES, 7);
  const expected = Array.from({ length: IMAGES }, (_, n) => simulate(network, pixels.subarray(n * size, (n + 1) * size), WAVES));
  // pixels do not fit halves and are computed in single integers
  const arithmetics: readonly Arithmetic[] = [...(device.packedDot ? (['packed'] as const) : []), 'halves', 'f32'];
  const variants: { arithmetic: Arithmetic; difference: string | null }[] = [];
  for (const arithmetic of arithmetics) {
    // a batch that does not divide the images, so that the last one is partly empty
    const session = await Session.create(device, network, { batch: 3, waves: WAVES, arithmetic });
    try {
      variants.push({ arithmetic, difference: firstDifference(network, await session.classify(pixels), expected) });
    } finally {
      session.dispose();
    }
  }
  return { images: IMAGES, waves: WAVES, layers: network.layers.length, variants };
}

/** The first potential or spike count that differs from the reference's, in words; null where all are equal. */
export function firstDifference(network: SpikingNetwork, run: RunResult, expected: readonly Simulation[]): string | null {
  const classes = run.units.length;
  for (const [i, step] of run.steps.entries()) {
    for (const [n, image] of expected.entries()) {
      for (let c = 0; c < classes; c++) {
        const got = run.potentials[(i * expected.length + n) * classes + c];
        const right = image.potentials[i][c];
        if (got !== right) return `step ${step}, image ${n}, class ${c}: potential ${got}, must be ${right}`;
      }
    }
  }
  for (const [l, layer] of network.layers.entries()) {
    const right = expected.reduce((sum, image) => sum + image.spikes[l], 0);
    if (run.spikes[l] !== right) return `layer "${layer.name}": ${run.spikes[l]} spikes, must be ${right}`;
  }
  return null;
}

const CHANNELS = 9;
const SIDE = 9;

/** 3 × 9 × 9 pixels, a residual block with max and average pool, six classes. K = 4. */
function smallNetwork(): SpikingNetwork {
  const random = seeded(1);
  const bias = (count: number, most: number) => Float32Array.from({ length: count }, () => random.real() * most);
  const convolve = (source: number, outputs: number, inputs: number, window: Window) =>
    convolution(source, randomWeights(random, outputs, inputs * window.kernel[0] * window.kernel[1]), window);
  const layer = (name: string, shape: Shape, ...terms: AnnTerm[]) => neurons(name, shape, terms, bias(CHANNELS, 0.2));
  const whole = map(CHANNELS, SIDE);
  const half = map(CHANNELS, SIDE >> 1);
  const same = new Float32Array(CHANNELS).fill(1);
  const layers = [
    layer('first', whole, convolve(INPUT, CHANNELS, 3, SAME)),
    layer('second', whole, convolve(0, CHANNELS, CHANNELS, SAME)),
    layer('join', whole, convolve(1, CHANNELS, CHANNELS, SAME), shortcut(0, same)),
    pool('maximum', 2, whole, 'max', square(2, { stride: [2, 2] })),
    layer('third', half, convolve(3, CHANNELS, CHANNELS, square(1))),
    pool('average', 4, half, 'average', square(half.height)),
    readout(6, [convolve(5, 6, CHANNELS, square(1))], bias(6, 0.1)),
  ];
  const scales = layers.map(() => 2);
  const net = ann(map(3, SIDE), layers, 'self-test');
  return quantize(net, { phaseBits: 4, initial: 'half', scales, mean: [0.5, 0.45, 0.4], std: [0.25, 0.25, 0.25] });
}
