import { shapeSize } from '../../ann/ann.ts';
import { DeviceError, type OptionCode, OptionError } from '../../errors.ts';
import type { SpikingNetwork } from '../../network/network.ts';
import { choose } from '../choices.ts';
import { DEFAULT_MEMORY, largestBinding, type PlanLimits, withinLimits } from '../limits.ts';
import { Tables, UNIFORM_BYTES } from '../tables.ts';
import { accumulate, type Dispatch, encode, pool, readout } from './dispatches.ts';
import type { PlanOptions } from './options.ts';
import { layRegions, type Regions } from './regions.ts';

export type { PlanLimits } from '../limits.ts';
export type { Dispatch, Parameters } from './dispatches.ts';
export type { PlanOptions } from './options.ts';

/** Everything that is decided before a GPU object is made: printable, testable, the same for every device with these limits. */
export interface Plan {
  readonly network: string;
  readonly batch: number;
  readonly waves: number;
  readonly phaseBits: number;
  readonly classes: number;
  readonly dispatches: readonly Dispatch[];
  readonly regions: Regions;
  /** First entry of each layer's membranes where they are kept; −1 for pools. */
  readonly membranes: readonly number[];
  /** Bytes of each buffer. */
  readonly bytes: { readonly [buffer in 'words' | 'pixels' | 'weights' | 'channels' | 'potentials' | 'membranes']: number };
  /** Data that is uploaded once. */
  readonly data: {
    readonly weights: Uint32Array<ArrayBuffer>;
    readonly channels: Int32Array<ArrayBuffer>;
    readonly constants: Uint32Array<ArrayBuffer>;
  };
}

/**
 * Plans a network for a batch: dispatches in order, buffers with lifetimes, the batch cut to the limits. Pure.
 * @throws OptionError for a batch or wave count out of range, DeviceError where not even one image fits
 */
export function makePlan(network: SpikingNetwork, limits: PlanLimits, options: PlanOptions): Plan {
  const { batch, waves } = options;
  positive('batch', batch, 65535);
  positive('waves', waves, 128);
  for (let size = batch; size >= 1; size = Math.floor(size / 2)) {
    const plan = planBatch(network, limits, { ...options, batch: size });
    if (fits(plan, limits, options.memory ?? DEFAULT_MEMORY)) return plan;
  }
  throw new DeviceError(
    'too-large',
    `network "${network.name}"`,
    'does not fit the device with one image at a time',
    'use fewer waves or smaller images',
  );
}

function positive(option: OptionCode, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 1 || value > max) {
    throw new OptionError(option, option, `${value} is not an integer from 1 to ${max}`, 'correct it');
  }
}

/** Words, pixels and tables are bound as a whole, weights share by share. */
function fits({ bytes, dispatches, regions }: Plan, limits: PlanLimits, memory: number): boolean {
  const { weights, ...whole } = bytes;
  const demand = { whole: Object.values(whole), weights, shares: dispatches.map((dispatch) => dispatch.weights) };
  return withinLimits(demand, limits, memory) && regions.words < 2 ** 31;
}

function planBatch(network: SpikingNetwork, limits: PlanLimits, options: PlanOptions): Plan {
  const { batch, waves, keepWords = false, keepMembranes = false } = options;
  const regions = layRegions(network, batch, waves, keepWords);
  const tables = new Tables(
    Int32Array,
    limits.maxUniformBufferBindingSize < UNIFORM_BYTES ? 0 : UNIFORM_BYTES,
    largestBinding(limits),
  );
  const membranes: number[] = [];
  let membraneCount = 0;
  const dispatches: Dispatch[] = [encode(network, regions, batch)];
  network.layers.forEach((layer, l) => {
    const size = layer.shape.channels * layer.shape.height * layer.shape.width * batch;
    membranes.push(keepMembranes && layer.kind === 'neurons' ? membraneCount : -1);
    if (layer.kind === 'pool') dispatches.push(pool(network, regions, layer, l, options));
    else if (layer.kind === 'readout') dispatches.push(readout(network, regions, layer, l, options, tables));
    else {
      const choice = choose(network, layer, limits, options);
      dispatches.push(...accumulate(network, regions, layer, l, options, tables, choice, Math.max(0, membranes[l])));
    }
    if (membranes[l] >= 0) membraneCount += size;
  });
  const readoutLayer = network.layers[network.layers.length - 1];
  const data = { ...tables.join(), constants: constants(network) };
  return {
    network: network.name,
    batch,
    waves,
    phaseBits: network.phaseBits,
    classes: readoutLayer.shape.channels,
    dispatches,
    regions,
    membranes,
    bytes: {
      words: regions.words * 4,
      pixels: shapeSize(network.input.shape) * batch + 4,
      weights: data.weights.byteLength,
      channels: data.channels.byteLength,
      potentials: waves * network.phaseBits * batch * readoutLayer.shape.channels * 4,
      membranes: membraneCount * 4,
    },
    data,
  };
}

/** The first words of the arena: what stands for padding; for the input that is the zero point. */
function constants(network: SpikingNetwork): Uint32Array<ArrayBuffer> {
  const { channels } = network.input.shape;
  const words = new Uint32Array(1 + Math.ceil(channels / 4));
  for (let c = 0; c < channels; c++) words[1 + (c >> 2)] |= network.input.zeroPoint[c] << (8 * (c & 3));
  return words;
}
