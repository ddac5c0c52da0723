import type { Ann, Shape } from '../../src/ann/ann.ts';
import {
  ann,
  convolution,
  map,
  neurons,
  pool,
  readout,
  SAME,
  seeded,
  shortcut,
  square,
  randomWeights as weightsOf,
} from '../../src/ann/build.ts';
import type { SpikingLayer, SpikingNetwork, SpikingPool } from '../../src/network/network.ts';
import { timetableOf } from '../../src/network/timetable.ts';
import { inputUnits, neuronUnits, poolUnits, readoutUnit } from '../../src/network/units.ts';
import { quantize } from '../../src/quantize/quantize.ts';

export { ann, convolution, map, neurons, pool, readout, SAME, shortcut, square } from '../../src/ann/build.ts';

/** Networks written by hand: a test says only what it is about. */

type WithoutUnits = SpikingLayer extends infer L ? (L extends SpikingLayer ? Omit<L, 'units'> : never) : never;

/** A spiking layer of which `spiking` works out what it sends, from its λ (default 1). */
export type BareLayer = WithoutUnits & { readonly scale?: number };

/** A spiking network from its layers, all zero points 0. */
export const spiking = (
  input: Shape,
  bare: readonly BareLayer[],
  options: { readonly phaseBits?: number | readonly number[]; readonly initial?: 'half' | 'zero' } = {},
): SpikingNetwork => {
  const { phaseBits = 4, initial = 'half' } = options;
  const last = bare[bare.length - 1].depth;
  const phases = typeof phaseBits === 'number' ? new Array<number>(last).fill(phaseBits) : [...phaseBits];
  const mean = new Array<number>(input.channels).fill(0);
  const std = new Array<number>(input.channels).fill(1);
  const layers: SpikingLayer[] = [];
  for (const { scale = 1, ...layer } of bare) {
    if (layer.kind === 'pool') {
      const { kernel } = layer.window;
      const units = poolUnits(layer.shape, layers[layer.source].units, layer.mode, kernel[0] * kernel[1]);
      layers.push({ ...layer, units });
    } else if (layer.kind === 'neurons') {
      layers.push({ ...layer, units: neuronUnits(layer.shape, scale, phases[layer.depth]) });
    } else {
      layers.push({ ...layer, units: readoutUnit(layer.shape, scale, phases[last - 1], layer.gridBits) });
    }
  }
  return {
    version: 1,
    name: 'by hand',
    initial,
    input: { shape: input, units: inputUnits(input, mean, std), mean, std },
    neuron: { name: 'bistable' },
    timetable: timetableOf(layers, phases),
    layers,
  };
};

/** Weights from a seed, as a trained convolution has them. */
export const randomWeights = (seed: number, outputs: number, inputs: number): Float32Array =>
  weightsOf(seeded(seed), outputs, inputs);

/** A network on the grid with scales of 2. */
export const onGrid = (
  net: Ann,
  options: { readonly phaseBits?: number | readonly number[]; readonly initial?: 'half' | 'zero' } = {},
): SpikingNetwork =>
  quantize(net, { phaseBits: 4, initial: 'half', ...options, scales: net.layers.map(() => 2), mean: [0.45], std: [0.25] });

/** Two blocks with an identity and a projected shortcut, a max pool, a shortcut over five layers, a global average pool. */
export function residualAnn(size = 12): Ann {
  const wide = map(12, size);
  const half = { channels: 20, height: Math.ceil(size / 2), width: Math.ceil(size / 2) };
  const down = { ...SAME, stride: [2, 2] as const };
  const conv = (source: number, outputs: number, inputs: number, seed: number, window = SAME) =>
    convolution(source, randomWeights(seed, outputs, inputs * window.kernel[0] * window.kernel[1]), window);
  const pooled = pool('max', 2, wide, 'max', square(3, { stride: [2, 2], pads: [1, 1, 1, 1] }));
  const strided = square(1, { stride: [2, 2] });
  return ann(map(3, size), [
    neurons('stem', wide, [conv(-1, 12, 3, 1)]),
    neurons('block 1a', wide, [conv(0, 12, 12, 2)]),
    neurons('block 1b', wide, [conv(1, 12, 12, 3), shortcut(0, new Float32Array(12).fill(1))]),
    neurons('block 2a', half, [conv(2, 20, 12, 4, down)]),
    neurons('block 2b', half, [conv(3, 20, 20, 5), conv(2, 20, 12, 6, strided), conv(-1, 20, 3, 7, strided)]),
    pooled,
    neurons('merge', half, [conv(5, 20, 12, 8, square(1)), shortcut(4, new Float32Array(20).fill(1)), conv(0, 20, 12, 9, strided)]),
    pool('global', 6, half, 'average', square(half.height)),
    readout(10, [conv(7, 10, 20, 10, square(1))], randomWeights(11, 1, 10)),
  ]);
}

/** The same on the grid. */
export const residual = (size = 12, phaseBits: number | readonly number[] = 4): SpikingNetwork =>
  onGrid(residualAnn(size), { phaseBits });

/** The maximum of a map of 2 × 2. @param most of its inputs */
export const maxOfFour = (most: number): SpikingPool => ({
  kind: 'pool',
  name: 'max',
  shape: map(1),
  depth: 1,
  source: 0,
  mode: 'max',
  window: square(2),
  units: { shape: map(1), unit: Float64Array.of(1), zero: Int32Array.of(0), most },
});
