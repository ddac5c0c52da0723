/**
 * Arithmetics that hold less than 32 bits, and whether they are exact for a layer, which follows from its weights. `halves`
 * (`shaders/lib/tap.wgsl`): a u32 holds the sums of two output channels, 16 bits each, so that one multiplication serves both; each
 * sum must lie within 16 bits when it is taken out. f32, and matrix units of f16 with f32 sums: 24 bits.
 */
import { INPUT, sourceShape } from '../ann/ann.ts';
import { termBound } from '../network/bound.ts';
import type { SpikingNetwork } from '../network/network.ts';
import type { WeightedLayer } from './weights.ts';

/** The largest magnitude of a sum that half a u32 holds; −2^15 would fit too. */
const MOST = 2 ** 15 - 1;

/** When the halves are taken out: after each block of 4 source channels, or once a term. */
export type Settled = 'block' | 'term';

/** The arithmetic that is wanted, or single integers where it would not be exact for a layer. Parameters as `fitsHalves`. */
export function suited<A extends string>(wanted: A, ...sums: Parameters<typeof fitsHalves>): A | 'integers' {
  const [, layer, , largest] = sums;
  if (wanted === 'halves') return fitsHalves(...sums) ? wanted : 'integers';
  return wanted !== 'f32' || fitsFloats(layer, largest) ? wanted : 'integers';
}

/** Every integer below is an f32. */
const FLOAT_LIMIT = 2 ** 24;

/**
 * Whether every sum of a term, in any order, is exact in f32.
 * @param largest the largest operand that a byte of the source can be
 */
export const fitsFloats = (layer: WeightedLayer, largest: (source: number) => number): boolean =>
  layer.terms.every(
    (term) =>
      term.operator.type === 'identity' ||
      layer.gridBits.every((_, o) => termBound(term, o, layer.shape.channels, largest(term.source)) < FLOAT_LIMIT),
  );

/**
 * Whether all sums of a layer's convolutions fit the halves until they are taken out. Pure.
 * @param largest the largest operand that a byte of the source can be
 */
export function fitsHalves(
  network: SpikingNetwork,
  layer: WeightedLayer,
  settled: Settled,
  largest: (source: number) => number,
): boolean {
  return layer.terms.every(({ source, operator }) => {
    if (operator.type === 'identity') return true;
    const inputs = sourceShape(network, source).channels / operator.groups;
    const outputs = layer.shape.channels;
    const taps = operator.window.kernel[0] * operator.window.kernel[1];
    const most = Math.floor(MOST / largest(source));
    for (let o = 0; o < outputs; o++) {
      const first = settled === 'block' ? Math.floor(o / (outputs / operator.groups)) * inputs : 0;
      const size = settled === 'block' ? 4 : inputs;
      if (!fits(operator.weights.subarray(o * inputs * taps, (o + 1) * inputs * taps), taps, first, size, most)) return false;
    }
    return true;
  });
}

/**
 * Whether all that a wave brings to each neuron of a layer whose neurons read one channel a source fits the halves, weights on the
 * membrane's grid. Pure.
 * @param largest the largest word of a source; none of more than a byte fits
 */
export function fitsHalvesOnGrid({ terms, shape: { channels } }: WeightedLayer, largest: (source: number) => number): boolean {
  if (terms.some(({ source }) => largest(source) > 255)) return false;
  for (let o = 0; o < channels; o++) {
    let up = 0;
    let down = 0;
    for (const { source, operator, shifts } of terms) {
      const taps = operator.weights.length / channels;
      for (const weight of operator.weights.subarray(o * taps, (o + 1) * taps)) {
        const most = weight * 2 ** shifts[o] * largest(source);
        up += Math.max(0, most);
        down -= Math.min(0, most);
      }
    }
    if (up > MOST || down > MOST) return false;
  }
  return true;
}

/**
 * Whether no sum of positive, and none of negative weights exceeds `most`, where sums begin anew at multiples of `size` channels.
 * @param weights [input channel][tap], of channels `first` and following
 */
function fits(weights: Int8Array, taps: number, first: number, size: number, most: number): boolean {
  let up = 0;
  let down = 0;
  for (let i = 0; i < weights.length; i++) {
    if (i % taps === 0 && (first + i / taps) % size === 0) {
      up = 0;
      down = 0;
    }
    up += Math.max(0, weights[i]);
    down -= Math.min(0, weights[i]);
    if (up > most || down > most) return false;
  }
  return true;
}

/** The largest signed byte. */
const MOST_SIGNED = 127;

/** Whether the words of all convolutions of a layer are signed bytes as well as unsigned ones. @param largest as in `fitsFloats` */
export const fitsSigned = ({ terms }: WeightedLayer, largest: (source: number) => number): boolean =>
  terms.every(({ source, operator }) => operator.type === 'identity' || largest(source) <= MOST_SIGNED);

/** The largest byte that a source's words, or their planes of 8 bits, can hold. */
export function largestByte(network: SpikingNetwork, source: number): number {
  if (source === INPUT) return 255;
  return Math.min(255, network.layers[source].units.most);
}

/**
 * Packed weights (`packWeights`) as `halves` read them: where each u32 had one output channel and four input channels,
 * it has one input channel and four output channels.
 */
export function transposed(packed: Uint32Array): Uint32Array<ArrayBuffer> {
  const from = new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength);
  const bytes = new Uint8Array(packed.byteLength);
  for (let i = 0; i < bytes.length; i++) bytes[(i & ~15) | ((i & 3) << 2) | ((i >> 2) & 3)] = from[i];
  return new Uint32Array(bytes.buffer);
}

/** Packed weights (`packWeights`) as signed bytes: without the 128 that are in each. */
export const signedBytes = (packed: Uint32Array): Uint32Array<ArrayBuffer> => Uint32Array.from(packed, (w) => w ^ 0x80808080);
