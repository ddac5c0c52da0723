import { type Shape, sourceShape, type Window } from '../ann/ann.ts';
import type { SpikingNetwork, SpikingPool, SpikingTerm } from '../network/network.ts';

/**
 * The operators of one time step on spikes, as plain loops (specification, sections 2 and 7). A spike train of one step is
 * one number a neuron, [channel][y][x]: 0 or 1 (or a burst, or a signed word) for neurons, a sum of them for sum pools,
 * q = p − zero for the input.
 */

/** Adds (Σ_i w_i · s_i · weight) · 2^s of one term to the current of every neuron of the target. */
export function addCurrent(
  current: Int32Array,
  target: Shape,
  network: SpikingNetwork,
  term: SpikingTerm,
  spikes: Int32Array,
  weight = 1,
): void {
  const source = sourceShape(network, term.source);
  const area = target.height * target.width;
  const counts = Float64Array.from(term.shifts, (s) => weight * 2 ** s);
  if (term.operator.type === 'identity') {
    for (let i = 0; i < current.length; i++) {
      const o = Math.floor(i / area);
      current[i] += term.operator.weights[o] * spikes[i] * counts[o];
    }
    return;
  }
  const { weights, window, groups } = term.operator;
  const outputs = target.channels / groups;
  const row = weights.length / target.channels;
  for (let group = 0; group < groups; group++) {
    const { count, from, to, sent } = tapsOf(source, target, window, groups, group, spikes);
    for (let o = group * outputs; o < (group + 1) * outputs; o++) {
      const map = current.subarray(o * area, (o + 1) * area);
      const own = weights.subarray(o * row, (o + 1) * row);
      for (let t = 0; t < count; t++) map[to[t]] += own[from[t]] * sent[t] * counts[o];
    }
  }
}

/**
 * Where the spikes of a group's inputs go: of each spike and place in the kernel, the weight's place in its row, the target's in its
 * map.
 */
function tapsOf(
  source: Shape,
  target: Shape,
  { kernel, stride, pads, dilation }: Window,
  groups: number,
  group: number,
  spikes: Int32Array,
): { readonly count: number; readonly from: Int32Array; readonly to: Int32Array; readonly sent: Int32Array } {
  const inputs = source.channels / groups;
  const most = inputs * source.height * source.width * kernel[0] * kernel[1];
  const [from, to, sent] = [new Int32Array(most), new Int32Array(most), new Int32Array(most)];
  let count = 0;
  for (let c = 0; c < inputs; c++) {
    for (let y = 0; y < source.height; y++) {
      for (let x = 0; x < source.width; x++) {
        const s = spikes[((group * inputs + c) * source.height + y) * source.width + x];
        if (s === 0) continue;
        // every place of the target whose window covers (y, x)
        for (let ky = 0; ky < kernel[0]; ky++) {
          const oy = (y + pads[0] - ky * dilation[0]) / stride[0];
          if (!Number.isInteger(oy) || oy < 0 || oy >= target.height) continue;
          for (let kx = 0; kx < kernel[1]; kx++) {
            const ox = (x + pads[1] - kx * dilation[1]) / stride[1];
            if (!Number.isInteger(ox) || ox < 0 || ox >= target.width) continue;
            from[count] = (c * kernel[0] + ky) * kernel[1] + kx;
            to[count] = oy * target.width + ox;
            sent[count++] = s;
          }
        }
      }
    }
  }
  return { count, from, to, sent };
}

/** Calls `visit(output index, source index, place in the window)` for every place of the source that a pool's windows cover. */
function forEachPooled(pool: SpikingPool, source: Shape, visit: (output: number, input: number, place: number) => void): void {
  const { kernel, stride, pads, dilation } = pool.window;
  for (let c = 0; c < pool.shape.channels; c++) {
    for (let oy = 0; oy < pool.shape.height; oy++) {
      for (let ox = 0; ox < pool.shape.width; ox++) {
        const output = (c * pool.shape.height + oy) * pool.shape.width + ox;
        for (let ky = 0; ky < kernel[0]; ky++) {
          const y = oy * stride[0] - pads[0] + ky * dilation[0];
          if (y < 0 || y >= source.height) continue;
          for (let kx = 0; kx < kernel[1]; kx++) {
            const x = ox * stride[1] - pads[1] + kx * dilation[1];
            if (x < 0 || x >= source.width) continue;
            visit(output, (c * source.height + y) * source.width + x, ky * kernel[1] + kx);
          }
        }
      }
    }
  }
}

/**
 * Maximum of words, bit by bit, most significant first: of the inputs still equal to the maximum so far, the output spikes
 * if any spikes, and those that did not are out for the rest of the word. `out` remembers them; all zero before phase 0.
 */
export function maxPoolStep(pool: SpikingPool, source: Shape, spikes: Int32Array, out: Uint8Array, pooled: Int32Array): void {
  const places = pool.window.kernel[0] * pool.window.kernel[1];
  pooled.fill(0);
  forEachPooled(pool, source, (output, input, place) => {
    if (out[output * places + place] === 0 && spikes[input] === 1) pooled[output] = 1;
  });
  forEachPooled(pool, source, (output, input, place) => {
    if (pooled[output] === 1 && spikes[input] === 0) out[output * places + place] = 1;
  });
}

/**
 * The input with the most spikes so far, this step's included; the first of the window where several have as many. `counted`
 * remembers how many each input has sent; all zero before the first step.
 */
export function maxCountStep(pool: SpikingPool, source: Shape, spikes: Int32Array, counted: Int32Array, pooled: Int32Array): void {
  spikes.forEach((s, i) => {
    counted[i] += s;
  });
  const most = new Int32Array(pooled.length).fill(-1);
  forEachPooled(pool, source, (output, input) => {
    if (counted[input] <= most[output]) return;
    most[output] = counted[input];
    pooled[output] = spikes[input];
  });
}

/** The maximum of the words of this step alone, none of them negative. */
export function maxStep(pool: SpikingPool, source: Shape, words: Int32Array, pooled: Int32Array): void {
  pooled.fill(0);
  forEachPooled(pool, source, (output, input) => {
    pooled[output] = Math.max(pooled[output], words[input]);
  });
}

/**
 * Where words may be negative: the maximum of the sums of words so far, this step's included; what is sent is its change, so that
 * the sum of what the pool sends is the maximum of what its inputs have sent. `summed` remembers each input's sum and `before`
 * each maximum; all zero before the first step. Sums are never negative.
 */
export function maxSumStep(
  pool: SpikingPool,
  source: Shape,
  words: Int32Array,
  { summed, before }: { readonly summed: Int32Array; readonly before: Int32Array },
  pooled: Int32Array,
): void {
  words.forEach((word, i) => {
    summed[i] += word;
  });
  maxStep(pool, source, summed, pooled);
  pooled.forEach((maximum, i) => {
    pooled[i] = maximum - before[i];
    before[i] = maximum;
  });
}

/** Number of spikes in each window: the sum of words, one bit at a time. */
export function sumPoolStep(pool: SpikingPool, source: Shape, spikes: Int32Array, pooled: Int32Array): void {
  pooled.fill(0);
  forEachPooled(pool, source, (output, input) => {
    pooled[output] += spikes[input];
  });
}

/** q = p − zero of one image's pixels, [channel][y][x]. */
export function inputCurrent(network: SpikingNetwork, pixels: Uint8Array): Int32Array {
  const area = network.input.shape.height * network.input.shape.width;
  return Int32Array.from(pixels, (p, i) => p - network.input.units.zero[Math.floor(i / area)]);
}
