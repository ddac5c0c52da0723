/**
 * The arithmetic `halves` (`shaders/lib/tap.wgsl`): a u32 holds the sums of two output channels, 16 bits each, so that one
 * multiplication serves both. It is exact as long as each sum, when it is taken out, lies within 16 bits; how long that is
 * follows from the weights.
 */
import { INPUT, sourceShape } from '../graph/ann.ts';
import type { SpikingNetwork, SpikingNeurons, SpikingReadout } from '../network/network.ts';

/** The largest magnitude of a sum that half a u32 holds; −2^15 would fit too. */
const MOST = 2 ** 15 - 1;

/**
 * Blocks of 4 source channels that each term may sum before its halves must be taken out, a power of two (two or more where all
 * of them may); 0 where not even one, for identities and where pixels or the sums of a pool are too large.
 * @param largest the largest operand a byte of the source can be; default: what its words, pixels or sums allow
 */
export function blocksInHalves(
  network: SpikingNetwork,
  layer: SpikingNeurons | SpikingReadout,
  largest: (source: number) => number = (source) => largestByte(network, source),
): number[] {
  return layer.terms.map(({ source, operator }) => {
    if (operator.type === 'identity') return 0;
    const inputs = sourceShape(network, source).channels / operator.groups;
    const outputs = layer.shape.channels;
    const taps = operator.window.kernel[0] * operator.window.kernel[1];
    const most = Math.floor(MOST / largest(source));
    const sums = Array.from({ length: outputs }, (_, o) => {
      const first = Math.floor(o / (outputs / operator.groups)) * inputs;
      return sumsOfBlocks(operator.weights.subarray(o * inputs * taps, (o + 1) * inputs * taps), first, taps);
    });
    let blocks = Math.max(2, 2 ** Math.ceil(Math.log2(Math.max(...sums.map(({ length }) => length)))));
    while (blocks > 0 && !sums.every((channel) => fitsRuns(channel, blocks, most))) blocks >>= 1;
    return blocks;
  });
}

/** The largest byte that a source's words, or their planes of 8 bits, can hold. */
function largestByte(network: SpikingNetwork, source: number): number {
  if (source === INPUT) return 255;
  const layer = network.layers[source];
  if (layer.kind !== 'pool') return 2 ** network.phaseBits - 1;
  return layer.mode === 'max' ? largestByte(network, layer.source) : 255;
}

/** Of one output channel: what each block of 4 source channels brings at most, and at least. */
type BlockSums = readonly { readonly up: number; readonly down: number }[];

/** @param weights [input channel][tap], of channels `first` and following */
function sumsOfBlocks(weights: Int8Array, first: number, taps: number): BlockSums {
  const sums: { up: number; down: number }[] = [];
  for (let i = 0; i < weights.length; i++) {
    const block = Math.floor((first + Math.floor(i / taps)) / 4) - Math.floor(first / 4);
    sums[block] ??= { up: 0, down: 0 };
    if (weights[i] > 0) sums[block].up += weights[i];
    else sums[block].down -= weights[i];
  }
  return sums;
}

/** Whether no run of so many blocks, wherever it begins, brings more than `most` in either direction. */
function fitsRuns(sums: BlockSums, blocks: number, most: number): boolean {
  let up = 0;
  let down = 0;
  return sums.every((sum, i) => {
    up += sum.up - (sums[i - blocks]?.up ?? 0);
    down += sum.down - (sums[i - blocks]?.down ?? 0);
    return up <= most && down <= most;
  });
}

/**
 * Packed weights (`packWeights`) as this arithmetic reads them: where each u32 had one output channel and four input channels,
 * it has one input channel and four output channels.
 */
export function transposed(packed: Uint32Array): Uint32Array<ArrayBuffer> {
  const from = new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength);
  const bytes = new Uint8Array(packed.byteLength);
  for (let i = 0; i < bytes.length; i++) bytes[(i & ~15) | ((i & 3) << 2) | ((i >> 2) & 3)] = from[i];
  return new Uint32Array(bytes.buffer);
}
