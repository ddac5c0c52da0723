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
import { type Dispatch, isAccumulate } from '../kernels/kernel.ts';
import type { SpikingNetwork } from '../network/network.ts';
import { defaultArithmetic } from '../plan/choices.ts';
import { quantize } from '../quantize/quantize.ts';
import { type Simulation, simulate } from '../reference/simulate.ts';
import { type RunResult, Session, type SessionOptions } from '../run/session.ts';

/** Whether a device computes what the reference says, in its default form and in the others that it has. */
export interface SelfTest {
  readonly images: number;
  readonly waves: number;
  readonly layers: number;
  readonly variants: readonly SelfTestVariant[];
}

/** One way of running the network. */
export interface SelfTestVariant {
  /** What was asked for: nothing (`default`), an arithmetic, or a form. */
  readonly name: string;
  /** The forms in which layers ran, with their arithmetic: `registers halves`, `deep halves`, `4x4 packed`, `tiled packed`, `matrix`, `depthwise`. */
  readonly ran: readonly string[];
  /** What differs first; null where every potential and every count of spikes is equal (`===`). */
  readonly difference: string | null;
}

const IMAGES = 5;
const WAVES = 2;

/** Runs a small network with a shortcut and both pools on the device and in the reference, and compares all integers. */
export async function selfTest(device: Device): Promise<SelfTest> {
  const network = smallNetwork();
  const size = shapeSize(network.input.shape);
  const pixels = randomPixels(network.input.shape, IMAGES, 7);
  const expected = Array.from({ length: IMAGES }, (_, n) => simulate(network, pixels.subarray(n * size, (n + 1) * size), WAVES));
  const variants: SelfTestVariant[] = [];
  for (const [name, options] of waysOf(device)) {
    // a batch that does not divide the images, so that the last one is partly empty
    const session = await Session.create(device, network, { batch: 3, waves: WAVES, ...options });
    try {
      const difference = firstDifference(network, await session.classify(pixels), expected);
      variants.push({ name, ran: formsOf(session.plan.dispatches), difference });
    } finally {
      session.dispose();
    }
  }
  return { images: IMAGES, waves: WAVES, layers: network.layers.length, variants };
}

/**
 * The device's own choice first, then by name what else it may take; what would be that choice again in another arithmetic is left out, and so
 * are a card's tiles on a software driver, which no choice takes there and which compile for seconds.
 */
function waysOf({ capabilities }: Device): [string, SessionOptions][] {
  const { software, packedDot, matrix } = capabilities;
  const arithmetics = (['packed', 'halves', 'f32'] as const).filter(
    (one) => (one !== 'packed' || packedDot) && (matrix !== null || one !== defaultArithmetic(capabilities)),
  );
  return [
    ['default', {}],
    ...arithmetics.map((arithmetic): [string, SessionOptions] => [arithmetic, { form: 'registers', arithmetic }]),
    ...(software ? [] : (['8x4', '4x4', 'tiled'] as const).map((form): [string, SessionOptions] => [form, { form }])),
  ];
}

/** The forms of a plan's layers of neurons, each once. */
function formsOf(dispatches: readonly Dispatch[]): string[] {
  const forms = dispatches.flatMap(({ kernel, variant }) => {
    if (!isAccumulate(kernel)) return [];
    const { matrix, packedDot, signedDot, halves, integers } = variant;
    if (matrix) return ['matrix'];
    if (kernel === 'depthwise') return [kernel];
    const arithmetic = packedDot || signedDot ? 'packed' : halves ? 'halves' : integers ? 'integers' : 'f32';
    return [`${formOf(kernel, variant)} ${arithmetic}`];
  });
  return [...new Set(forms)];
}

const formOf = (kernel: Dispatch['kernel'], { deep, eight }: Dispatch['variant']): string => {
  if (kernel === 'accumulate-small') return eight ? '8x4' : '4x4';
  return kernel === 'accumulate-tiled' ? 'tiled' : deep ? 'deep' : 'registers';
};

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

const FEW = 9;
/** More channels than the 64 of a tile in workgroup memory. */
const MANY = 68;
const SIDE = 9;

/**
 * 3 × 9 × 9 pixels, a layer of stride 2 to many channels, a join of every kind of term, a depthwise layer, both pools, six classes. K = 4.
 * Few layers, in which all ways of summing occur: a software driver compiles each kernel for seconds.
 */
function smallNetwork(): SpikingNetwork {
  const random = seeded(1);
  const bias = (count: number, most: number) => Float32Array.from({ length: count }, () => random.real() * most);
  const convolve = (source: number, outputs: number, inputs: number, window: Window) =>
    convolution(source, randomWeights(random, outputs, inputs * window.kernel[0] * window.kernel[1]), window);
  const layer = (name: string, shape: Shape, ...terms: AnnTerm[]) => neurons(name, shape, terms, bias(shape.channels, 0.2));
  const half = map(MANY, (SIDE + 1) >> 1);
  const stride = [2, 2] as const;
  const layers = [
    layer('first', map(FEW, SIDE), convolve(INPUT, FEW, 3, SAME)),
    layer('strided', half, convolve(0, MANY, FEW, { ...SAME, stride })),
    pool('maximum', 1, half, 'max', SAME),
    layer(
      'join',
      half,
      convolve(2, MANY, MANY, SAME),
      convolve(0, MANY, FEW, square(1, { stride })),
      shortcut(1, new Float32Array(MANY).fill(1)),
    ),
    layer('depthwise', half, convolution(3, randomWeights(random, MANY, 9), SAME, MANY)),
    pool('average', 4, half, 'average', square(half.height)),
    readout(6, [convolve(5, 6, MANY, square(1))], bias(6, 0.1)),
  ];
  const scales = layers.map(() => 2);
  const net = ann(map(3, SIDE), layers, 'self-test');
  return quantize(net, { phaseBits: 4, initial: 'half', scales, mean: [0.5, 0.45, 0.4], std: [0.25, 0.25, 0.25] });
}
