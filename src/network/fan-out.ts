import { sourceShape, type Window } from '../ann/ann.ts';
import type { SpikingNetwork, SpikingPool, SpikingTerm } from './network.ts';

/** What takes part in a fan-out. */
export interface FanOutOptions {
  /** Synchronous neurons (default true); false: the network runs without. */
  readonly synchronous?: boolean;
  /** Spikes that max pools let through are counted behind them (default true); false: all spikes in front are taken to pass. */
  readonly maximaCounted?: boolean;
}

/**
 * Synapses that a spike of each neuron reaches, [layer][channel][y][x]; null for what sends no spikes of its own (sum pools,
 * readout). A synapse is a weight other than zero; places that a window cuts off count less than those in the middle. Sum
 * pools are linear and only passed through; a max pool chooses among its inputs without synapses, and what it lets through has
 * a fan-out of its own. A synchronous neuron is a neuron with one input, hence one more synapse for each spike held back.
 */
export function fanOut(network: SpikingNetwork, options: FanOutOptions = {}): (Uint32Array | null)[] {
  const { synchronous = true, maximaCounted = true } = options;
  const tables = network.layers.map(({ shape }) => new Uint32Array(shape.channels * shape.height * shape.width));
  for (let l = network.layers.length - 1; l >= 0; l--) {
    const layer = network.layers[l];
    if (layer.kind === 'pool') {
      if (layer.mode === 'sum' || !maximaCounted) passThrough(tables[layer.source], tables[l], layer, network);
      continue;
    }
    for (const term of layer.terms) {
      if (term.source < 0) continue;
      addSynapses(tables[term.source], term, layer.shape, network);
      if (synchronous && term.delay > 0) for (let i = 0; i < tables[term.source].length; i++) tables[term.source][i] += term.delay;
    }
  }
  return network.layers.map((layer, l) => {
    const sends = layer.kind === 'neurons' || (layer.kind === 'pool' && layer.mode === 'max');
    return sends ? tables[l] : null;
  });
}

interface Extent {
  readonly height: number;
  readonly width: number;
}

function addSynapses(table: Uint32Array, { source, operator }: SpikingTerm, target: Extent, network: SpikingNetwork): void {
  const from = sourceShape(network, source);
  const area = from.height * from.width;
  if (operator.type === 'identity') {
    table.forEach((_, i) => {
      if (operator.weights[Math.floor(i / area)] !== 0) table[i]++;
    });
    return;
  }
  const { kernel } = operator.window;
  const spot = kernel[0] * kernel[1];
  const inputs = from.channels / operator.groups;
  const perGroup = operator.weights.length / inputs / spot / operator.groups;
  // synapses of an input channel at each place of the kernel
  const synapses = new Uint32Array(from.channels * spot);
  operator.weights.forEach((w, i) => {
    if (w === 0) return;
    const group = Math.floor(i / (inputs * spot) / perGroup);
    synapses[group * inputs * spot + (i % (inputs * spot))]++;
  });
  forEachCovered(operator.window, from, target, (place, _, k) => {
    for (let c = 0; c < from.channels; c++) table[c * area + place] += synapses[c * spot + k];
  });
}

/** What a sum pool's outputs reach, its inputs reach. */
function passThrough(table: Uint32Array, pooled: Uint32Array, pool: SpikingPool, network: SpikingNetwork): void {
  const from = sourceShape(network, pool.source);
  const { channels, height, width } = pool.shape;
  forEachCovered(pool.window, from, pool.shape, (place, output) => {
    for (let c = 0; c < channels; c++) table[c * from.height * from.width + place] += pooled[c * height * width + output];
  });
}

/** Calls `visit(place of the source, place of the target, place in the kernel)` for all that windows cover. */
function forEachCovered(window: Window, from: Extent, to: Extent, visit: (place: number, output: number, k: number) => void): void {
  const { kernel, stride, pads, dilation } = window;
  for (let output = 0; output < to.height * to.width; output++) {
    for (let k = 0; k < kernel[0] * kernel[1]; k++) {
      const y = Math.floor(output / to.width) * stride[0] - pads[0] + Math.floor(k / kernel[1]) * dilation[0];
      const x = (output % to.width) * stride[1] - pads[1] + (k % kernel[1]) * dilation[1];
      if (y >= 0 && x >= 0 && y < from.height && x < from.width) visit(y * from.width + x, output, k);
    }
  }
}
