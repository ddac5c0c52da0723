import { type Ann, type AnnLayer, type AnnTerm, type Convolution, INPUT, type Shape, shapeSize, type Window } from '../ann/ann.ts';
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
  const random = numbers(7);
  const pixels = Uint8Array.from({ length: IMAGES * size }, () => Math.floor(random() * 256));
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

/** Pseudo-random numbers in [0, 1) from a seed (Park and Miller's generator). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

const shape = (channels: number, height: number, width: number): Shape => ({ channels, height, width });

const square = (size: number, stride: number, pad: number): Window => ({
  kernel: [size, size],
  stride: [stride, stride],
  pads: [pad, pad, pad, pad],
  dilation: [1, 1],
});

/** 3 × 9 × 9 pixels, a residual block with max and average pool, six classes. K = 4. */
function smallNetwork(): SpikingNetwork {
  const random = numbers(1);
  const convolution = (inputs: number, outputs: number, window: Window): Convolution<Float32Array> => {
    const [height, width] = window.kernel;
    const length = outputs * inputs * height * width;
    const range = Math.sqrt(12 / (inputs * height * width));
    return { type: 'convolution', weights: Float32Array.from({ length }, () => (random() - 0.5) * range), window, groups: 1 };
  };
  const neurons = (name: string, of: Shape, ...terms: AnnTerm[]): AnnLayer => {
    const bias = Float32Array.from({ length: of.channels }, () => random() * 0.2);
    return { kind: 'neurons', name, shape: of, terms, bias, ceiling: Number.POSITIVE_INFINITY };
  };
  const map = shape(9, 9, 9);
  const half = shape(9, 4, 4);
  const vector = shape(9, 1, 1);
  const same: AnnTerm['operator'] = { type: 'identity', weights: new Float32Array(9).fill(1) };
  const layers: AnnLayer[] = [
    neurons('first', map, { source: INPUT, operator: convolution(3, 9, square(3, 1, 1)) }),
    neurons('second', map, { source: 0, operator: convolution(9, 9, square(3, 1, 1)) }),
    neurons('join', map, { source: 1, operator: convolution(9, 9, square(3, 1, 1)) }, { source: 0, operator: same }),
    { kind: 'pool', name: 'maximum', shape: half, source: 2, mode: 'max', window: square(2, 2, 0), countIncludePad: true },
    neurons('third', half, { source: 3, operator: convolution(9, 9, square(1, 1, 0)) }),
    { kind: 'pool', name: 'average', shape: vector, source: 4, mode: 'average', window: square(4, 4, 0), countIncludePad: true },
    {
      kind: 'readout',
      name: 'readout',
      shape: shape(6, 1, 1),
      terms: [{ source: 5, operator: convolution(9, 6, square(1, 1, 0)) }],
      bias: Float32Array.from({ length: 6 }, () => random() * 0.1),
    },
  ];
  const ann: Ann = { name: 'self-test', input: shape(3, 9, 9), layers };
  const scales = layers.map(() => 2);
  return quantize(ann, { phaseBits: 4, initial: 'half', scales, mean: [0.5, 0.45, 0.4], std: [0.25, 0.25, 0.25] });
}
