import { INPUT, type Shape, sourceShape } from '../../src/ann/ann.ts';
import type { SpikingNetwork, SpikingNeurons, SpikingPool, SpikingReadout, SpikingTerm } from '../../src/network/network.ts';

/**
 * The specification's windowed rule (section 2), written a second time and on its own: whole words, layer by layer, with
 * operators that gather. Where θ = 2^g < 1, V is counted in thresholds, so that it is an integer.
 */
export interface Windowed {
  /** [layer][wave]; none for the readout. */
  readonly words: readonly (readonly number[][])[];
  /** [layer]: V after the last wave; empty for pools. */
  readonly membranes: readonly number[][];
  /** [wave]: the readout's V. */
  readonly readout: readonly number[][];
}

export function windowedRule(network: SpikingNetwork, pixels: ArrayLike<number>, waves: number): Windowed {
  const { shape, zeroPoint } = network.input;
  const area = shape.height * shape.width;
  const q = Array.from(pixels, (p, i) => p - zeroPoint[Math.floor(i / area)]);
  const words: number[][][] = [];
  const membranes: number[][] = [];
  const readout: number[][] = [];
  const sent = (source: number, wave: number) => (source === INPUT ? q : words[source][wave]);
  for (const layer of network.layers) {
    words.push([]);
    if (layer.kind === 'pool') {
      for (let n = 0; n < waves; n++) words.at(-1)?.push(pooled(layer, sourceShape(network, layer.source), sent(layer.source, n)));
      membranes.push([]);
      continue;
    }
    const places = layer.shape.height * layer.shape.width;
    const grid = Array.from({ length: layer.shape.channels * places }, (_, i) => layer.gridBits[Math.floor(i / places)]);
    let v = grid.map((g) => (layer.kind === 'readout' || network.initial === 'zero' ? 0 : Math.floor(Math.max(1, 2 ** g) / 2)));
    for (let n = 0; n < waves; n++) {
      const sum = currents(network, layer, (source) => sent(source, n));
      if (layer.kind === 'readout') {
        v = v.map((x, i) => x + sum[i]);
        readout.push(v);
        continue;
      }
      const word: number[] = [];
      v = v.map((x, i) => {
        const theta = 2 ** grid[i];
        const unit = Math.min(1, theta);
        const V = Math.max(-(2 ** 23), Math.min(2 ** 23, x + sum[i] / unit));
        word[i] = Math.max(0, Math.min(2 ** network.phaseBits - 1, Math.floor((V * unit) / theta)));
        return V - (theta / unit) * word[i];
      });
      words.at(-1)?.push(word);
    }
    membranes.push(v);
  }
  return { words, membranes, readout };
}

/** b + Σ_terms Σ_i w_i · word_i of every neuron, in the grid's units. */
export function currents(
  network: SpikingNetwork,
  layer: SpikingNeurons | SpikingReadout,
  words: (source: number) => readonly number[],
): number[] {
  const { channels, height, width } = layer.shape;
  const sums: number[] = [];
  for (let o = 0; o < channels; o++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        let sum = layer.bias[o];
        for (const term of layer.terms) {
          sum += gathered(term, layer.shape, sourceShape(network, term.source), words(term.source), o, y, x);
        }
        sums.push(sum);
      }
    }
  }
  return sums;
}

/** Σ_i w_i · word_i of one neuron and one term. */
function gathered(
  term: SpikingTerm,
  target: Shape,
  from: Shape,
  words: readonly number[],
  o: number,
  y: number,
  x: number,
): number {
  const { operator } = term;
  if (operator.type === 'identity') return operator.weights[o] * words[(o * from.height + y) * from.width + x];
  const { kernel, stride, pads, dilation } = operator.window;
  const columns = from.channels / operator.groups;
  const group = Math.floor((o * operator.groups) / target.channels);
  let sum = 0;
  for (let i = 0; i < columns; i++) {
    for (let ky = 0; ky < kernel[0]; ky++) {
      const sy = y * stride[0] + ky * dilation[0] - pads[0];
      for (let kx = 0; kx < kernel[1]; kx++) {
        const sx = x * stride[1] + kx * dilation[1] - pads[1];
        const inside = sy >= 0 && sx >= 0 && sy < from.height && sx < from.width;
        if (!inside) continue;
        const weight = operator.weights[o * columns * kernel[0] * kernel[1] + i * kernel[0] * kernel[1] + ky * kernel[1] + kx];
        sum += weight * words[(group * columns + i) * from.height * from.width + sy * from.width + sx];
      }
    }
  }
  return sum;
}

/** Maximum or sum of the words under each window. */
export function pooled(layer: SpikingPool, from: Shape, words: readonly number[]): number[] {
  const { kernel, stride, pads, dilation } = layer.window;
  const result: number[] = [];
  for (let c = 0; c < layer.shape.channels; c++) {
    for (let y = 0; y < layer.shape.height; y++) {
      for (let x = 0; x < layer.shape.width; x++) {
        const seen = [0];
        for (let ky = 0; ky < kernel[0]; ky++) {
          for (let kx = 0; kx < kernel[1]; kx++) {
            const sy = y * stride[0] + ky * dilation[0] - pads[0];
            const sx = x * stride[1] + kx * dilation[1] - pads[1];
            if (sy < 0 || sx < 0 || sy >= from.height || sx >= from.width) continue;
            seen.push(words[(c * from.height + sy) * from.width + sx]);
          }
        }
        result.push(layer.mode === 'max' ? Math.max(...seen) : seen.reduce((a, b) => a + b));
      }
    }
  }
  return result;
}
