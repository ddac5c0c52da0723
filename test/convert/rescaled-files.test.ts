/** A file whose convolution is multiplied by k, and the next operator's weights divided by it, is the same network: from file to classes. */

import { describe, expect, it } from 'vitest';
import { type Ann, shapeSize } from '../../src/ann/ann.ts';
import { BINS, binEdge, type LayerStatistics, layerDistribution } from '../../src/ann/statistics.ts';
import { chooseScales } from '../../src/convert/scales.ts';
import { BsnnError } from '../../src/errors.ts';
import type { SpikingNetwork } from '../../src/network/network.ts';
import { importOnnx } from '../../src/onnx/import.ts';
import { quantize } from '../../src/quantize/quantize.ts';
import { windowed } from '../../src/reference/windowed.ts';
import { bestClass } from '../../src/run/logits.ts';
import { evaluateImage } from '../helpers/ann-evaluate.ts';
import { buildOnnx, real } from '../helpers/onnx-builder.ts';
import { randomNumbers } from '../helpers/onnx-compare.ts';
import { head, node, stem } from '../helpers/onnx-networks.ts';
import { randomPixels } from '../helpers/random-network.ts';
import { SOAK } from '../helpers/soak.ts';

const [MEAN, STD, K, WAVES] = [[0.45], [0.25], 6, 3];
const IMAGES = 20;

/** Exponents of k; the others in a soak. */
const TWOS = SOAK ? Array.from({ length: 54 }, (_, i) => i - 27) : [-27, 5, 27];
const TENS = SOAK ? Array.from({ length: 17 }, (_, i) => i - 8) : [-8, 3, 8];

/** What each operator's weights are: those of the file with k = 1. */
const WEIGHTS: Readonly<Record<string, { dims: number[]; data: number[] }>> = Object.fromEntries(
  Object.entries({ w0: [4, 3, 3, 3], b0: [4], w: [6, 4, 3, 3], b: [6], wf: [5, 6 * 64], bf: [5] }).map(([name, dims], i) => {
    const count = dims.reduce((a, b) => a * b, 1);
    return [name, { dims, data: Array.from(randomNumbers(count, 40 + i), (v) => Math.fround(v / Math.sqrt(count / dims[0]))) }];
  }),
);

/** The file in which some tensors are multiplied by k, and others divided by it. */
function file(k: number, times: readonly string[], over: readonly string[]): Uint8Array {
  const factor = (name: string) => (times.includes(name) ? k : over.includes(name) ? 1 / k : 1);
  const tensors = Object.entries(WEIGHTS).map(([name, { dims, data }]) => {
    return [
      name,
      real(
        dims,
        data.map((v) => v * factor(name)),
      ),
    ] as const;
  });
  const middle = [node('Conv', ['a', 'w', 'b'], 'c', { pads: [1, 1, 1, 1] }), node('Relu', ['c'], 'z')];
  return buildOnnx({ nodes: [...stem, ...middle, ...head(6 * 64).nodes], tensors: Object.fromEntries(tensors) });
}

const normalized = (pixels: Uint8Array): Float64Array => Float64Array.from(pixels, (p) => (p / 255 - MEAN[0]) / STD[0]);

const NOTHING = layerDistribution(0, new Uint32Array(BINS), 1);
const EDGES = Float64Array.from({ length: BINS }, (_, bin) => binEdge(NOTHING, bin));

/** What calibration counts, from activations on the CPU; [image][layer]. */
function statisticsOf(ann: Ann, activations: readonly Float64Array[][]): (LayerStatistics | null)[] {
  return ann.layers.map(({ kind }, l) => {
    if (kind !== 'neurons') return null;
    const bins = new Uint32Array(BINS);
    const values = activations.flatMap((layers) => Array.from(layers[l]));
    for (const value of values) if (value > 0) bins[binOf(value)]++;
    return { ...layerDistribution(values.length, bins, 1), channels: null };
  });
}

/** The last bin whose lower edge is not above a value. */
function binOf(value: number): number {
  let [low, high] = [0, EDGES.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (EDGES[middle] <= value) low = middle;
    else high = middle;
  }
  return low;
}

interface Run {
  readonly network: SpikingNetwork;
  /** Of each image: the trained network's, and the spiking one's. */
  readonly classes: readonly (readonly [number, number])[];
}

/** From the file to classes. */
async function run(bytes: Uint8Array): Promise<Run> {
  const ann = await importOnnx(bytes);
  const size = shapeSize(ann.input);
  const pixels = randomPixels(ann.input, IMAGES, 9);
  const images = Array.from({ length: IMAGES }, (_, n) => pixels.subarray(n * size, (n + 1) * size));
  const activations = images.map((image) => evaluateImage(ann, normalized(image)));
  const largestLogit = Math.max(...activations.flatMap((layers) => Array.from(layers.at(-1)!, Math.abs)));
  const calibration = { statistics: statisticsOf(ann, activations), largestLogit };
  const phaseBits = ann.layers.map(() => K);
  const { scales } = chooseScales(ann, calibration, {
    method: 'mse',
    percentile: 99.9,
    perChannel: false,
    phaseBits,
    mean: MEAN,
    std: STD,
  });
  const network = quantize(ann, { phaseBits: K, initial: 'half', scales, mean: MEAN, std: STD });
  const classes = images.map((image, n) => {
    const potentials = windowed(network, image, WAVES).potentials.at(-1)!;
    return [bestClass(activations[n].at(-1)!), bestClass(potentials, network.layers.at(-1)!.units.unit)] as const;
  });
  return { network, classes };
}

const integersOf = ({ layers }: SpikingNetwork) =>
  layers.map((layer) =>
    layer.kind === 'pool' ? layer.mode : [layer.gridBits, layer.bias, layer.terms.map(({ operator }) => operator.weights)],
  );
const agreement = ({ classes }: Run): number => classes.filter(([trained, spiking]) => trained === spiking).length;

describe.each([
  ['a convolution, and the next', ['w0', 'b0'], ['w']],
  ['a convolution, and a linear readout', ['w', 'b'], ['wf']],
])('%s', async (_, times, over) => {
  const one = await run(file(1, times, over));

  it('has images of several classes, most of them kept', () => {
    expect(new Set(one.classes.map(([trained]) => trained)).size).toBeGreaterThan(1);
    expect(agreement(one)).toBeGreaterThan(0.9 * IMAGES);
  });

  it.each(TWOS)('k = 2^%i: the same integers', async (exponent) => {
    const other = await run(file(2 ** exponent, times, over));
    expect(integersOf(other.network)).toEqual(integersOf(one.network));
    expect(other.classes).toEqual(one.classes);
  });

  it.each(TENS)('k = 10^%i: the same agreement, but for one image, or a refusal', async (exponent) => {
    const found = await run(file(10 ** exponent, times, over)).catch((error: unknown) => error);
    if (found instanceof Error) expect(found).toBeInstanceOf(BsnnError);
    // the last digit of weights is another, and so may be λ, by a bin's width of 0.4 %
    else expect(Math.abs(agreement(found as Run) - agreement(one))).toBeLessThanOrEqual(1);
  });
});
