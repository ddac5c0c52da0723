import { INPUT, type Shape, shapeSize, sourceShape } from '../ann/ann.ts';
import type { SpikingNetwork, SpikingNeurons, SpikingPool, SpikingReadout, SpikingTerm } from '../network/network.ts';
import { readoutPhases } from '../network/timetable.ts';
import { clampMembrane, initialMembrane, threshold } from '../neuron/bistable.ts';
import { inputCurrent } from './operators.ts';
import type { Simulation } from './simulate.ts';

/**
 * The windowed rule (specification, section 2, closed form), layer by layer, whole words at once: the definition of what
 * `shaders/accumulate.wgsl`, `pool.wgsl` and `readout.wgsl` compute, under the same names. Operators gather, where those of the
 * stepped reference scatter. It does not ask the timetable for times, only for the K of each depth.
 */

/** Words of a source in a wave, [channel][y][x]; the input's are q = p − zero. */
type Words = (source: number, wave: number) => Int32Array;

/** The windowed network: one image, every word, what every membrane holds at the end, and the readout after each step. */
export function windowed(network: SpikingNetwork, pixels: Uint8Array, waves: number): Simulation {
  const q = inputCurrent(network, pixels);
  const words: Int32Array[][] = [];
  const membranes: (Int32Array | Float64Array)[] = [];
  let potentials: Float64Array[] = [];
  const sent: Words = (source, wave) => (source === INPUT ? q : words[source][wave]);
  for (const layer of network.layers) {
    if (layer.kind === 'neurons') {
      const of = accumulate(network, layer, sent, waves);
      words.push(of.words);
      membranes.push(of.membrane);
    } else if (layer.kind === 'pool') {
      const from = sourceShape(network, layer.source);
      words.push(Array.from({ length: waves }, (_, wave) => pool(layer, from, sent(layer.source, wave))));
      membranes.push(new Int32Array(0));
    } else {
      words.push([]);
      potentials = readout(network, layer, sent, waves);
      membranes.push(potentials[potentials.length - 1]);
    }
  }
  const spikes = network.layers.map(({ kind }, l) =>
    kind === 'neurons' ? words[l].reduce((sum, word) => sum + ones(word), 0) : 0,
  );
  return { words, membranes, potentials, spikes };
}

/**
 * A layer of bistable neurons:
 *
 *     V = clamp(V + b + Σ w·word, ±(2^30 − 1))        word = clamp(⌊V / θ⌋, 0, 2^K − 1)        V = V − θ·word
 */
export function accumulate(
  network: SpikingNetwork,
  layer: SpikingNeurons,
  sent: Words,
  waves: number,
): { readonly words: Int32Array[]; readonly membrane: Int32Array } {
  const most = 2 ** network.timetable.layers[layer.depth].phases - 1;
  const area = layer.shape.height * layer.shape.width;
  const grid = Array.from({ length: shapeSize(layer.shape) }, (_, i) => layer.gridBits[Math.floor(i / area)]);
  const membrane = Int32Array.from(grid, (g) => initialMembrane(g, network.initial));
  const words = Array.from({ length: waves }, (_, wave) => {
    const sums = weightedSums(network, layer, (source) => sent(source, wave));
    return Int32Array.from(sums, (sum, i) => {
      const theta = threshold(grid[i]);
      const v = clampMembrane(membrane[i] + sum);
      const word = Math.min(Math.max(Math.floor(v / theta), 0), most);
      membrane[i] = v - theta * word;
      return word;
    });
  });
  return { words, membrane };
}

/** Maximum or sum of the words under each window; padding is 0. */
export function pool({ shape, mode, window }: SpikingPool, from: Shape, words: Int32Array): Int32Array {
  const { kernel, stride, pads, dilation } = window;
  const pooled = new Int32Array(shapeSize(shape));
  for (let i = 0; i < pooled.length; i++) {
    const c = Math.floor(i / (shape.height * shape.width));
    const y = Math.floor(i / shape.width) % shape.height;
    const x = i % shape.width;
    for (let k = 0; k < kernel[0] * kernel[1]; k++) {
      const sy = y * stride[0] + Math.floor(k / kernel[1]) * dilation[0] - pads[0];
      const sx = x * stride[1] + (k % kernel[1]) * dilation[1] - pads[1];
      if (sy < 0 || sx < 0 || sy >= from.height || sx >= from.width) continue;
      const word = words[(c * from.height + sy) * from.width + sx];
      pooled[i] = mode === 'max' ? Math.max(pooled[i], word) : pooled[i] + word;
    }
  }
  return pooled;
}

/**
 * Potentials after each step of each window, [wave · steps + step]: after step k a source of K bits has sent the k + 1 upper ones,
 *
 *     V + b + Σ (Σ w · (word with its lower K − 1 − k bits cleared)) · 2^s
 *
 * which after the last step stays for the next wave. Pools pool what has been sent; the input comes whole in the first step.
 */
export function readout(network: SpikingNetwork, layer: SpikingReadout, sent: Words, waves: number): Float64Array[] {
  const steps = readoutPhases(network.timetable);
  const potentials: Float64Array[] = [];
  let v = new Float64Array(layer.shape.channels);
  for (let wave = 0; wave < waves; wave++) {
    for (let step = 0; step < steps; step++) {
      const sums = weightedSums(network, layer, (source) => prefix(network, sent, source, wave, step));
      potentials.push(v.map((before, i) => before + sums[i]));
    }
    v = Float64Array.from(potentials[potentials.length - 1]);
  }
  return potentials;
}

/** What a source has sent of its word after a step (from 0) of its reader's window. */
function prefix(network: SpikingNetwork, sent: Words, source: number, wave: number, step: number): Int32Array {
  if (source === INPUT) return sent(source, wave);
  const layer = network.layers[source];
  if (layer.kind === 'pool') {
    return pool(layer, sourceShape(network, layer.source), prefix(network, sent, layer.source, wave, step));
  }
  const left = Math.max(0, network.timetable.layers[layer.depth].phases - 1 - step);
  return sent(source, wave).map((word) => (word >> left) << left);
}

/** b + Σ_terms (Σ_i w_i · word_i) · 2^s of every neuron, in membrane units. */
export function weightedSums(
  network: SpikingNetwork,
  { shape, bias, terms }: SpikingNeurons | SpikingReadout,
  words: (source: number) => Int32Array,
): Float64Array {
  const area = shape.height * shape.width;
  const sums = Float64Array.from({ length: shapeSize(shape) }, (_, i) => bias[Math.floor(i / area)]);
  for (const term of terms) {
    const from = sourceShape(network, term.source);
    const sent = words(term.source);
    for (let o = 0; o < shape.channels; o++) {
      const counts = 2 ** term.shifts[o];
      const map = gathered(term, shape, from, sent, o);
      for (let i = 0; i < area; i++) sums[o * area + i] += map[i] * counts;
    }
  }
  return sums;
}

/** Σ_i w_i · word_i of every neuron of channel o and one term; of each weight the rows of words that it reads. */
function gathered({ operator }: SpikingTerm, target: Shape, from: Shape, words: Int32Array, o: number): Float64Array {
  const { width, height } = target;
  const sums = new Float64Array(height * width);
  if (operator.type === 'identity') return sums.map((_, i) => operator.weights[o] * words[o * sums.length + i]);
  const { kernel, stride, pads, dilation } = operator.window;
  const inputs = from.channels / operator.groups;
  const first = Math.floor((o * operator.groups) / target.channels) * inputs;
  for (let i = 0; i < inputs; i++) {
    for (let k = 0; k < kernel[0] * kernel[1]; k++) {
      const weight = operator.weights[(o * inputs + i) * kernel[0] * kernel[1] + k];
      const dy = Math.floor(k / kernel[1]) * dilation[0] - pads[0];
      const dx = (k % kernel[1]) * dilation[1] - pads[1];
      // the columns whose window is on the map at this place of the kernel
      const begin = Math.max(0, Math.ceil(-dx / stride[1]));
      const end = Math.min(width, Math.ceil((from.width - dx) / stride[1]));
      for (let y = 0; y < height; y++) {
        const sy = y * stride[0] + dy;
        if (sy < 0 || sy >= from.height) continue;
        const row = ((first + i) * from.height + sy) * from.width + dx;
        for (let x = begin; x < end; x++) sums[y * width + x] += weight * words[row + x * stride[1]];
      }
    }
  }
  return sums;
}

/** Bits set in all words. */
function ones(words: Int32Array): number {
  let count = 0;
  for (const word of words) for (let rest = word; rest > 0; rest >>= 1) count += rest & 1;
  return count;
}
