import { shapeSize } from '../../ann/ann.ts';
import { DeviceError, type OptionCode, OptionError } from '../../errors.ts';
import type { SpikingNetwork } from '../../network/network.ts';
import type { NeuronModel } from '../../neuron/model.ts';
import { modelOf } from '../../neuron/neuron.ts';
import { largestBinding, type PlanLimits } from '../limits.ts';
import { Tables, UNIFORM_BYTES } from '../tables.ts';
import { tilesOf } from '../weights.ts';
import { blocksOf } from '../words/regions.ts';
import {
  addWeighted,
  areaOf,
  type Draft,
  encode,
  lines,
  pool,
  type SteppedDispatch,
  type SteppedKernel,
  type SteppedOptions,
} from './dispatches.ts';
import { laySteps, type SteppedLayout } from './layout.ts';

/** Everything that is decided before a GPU object is made. */
export interface SteppedPlan {
  readonly network: string;
  readonly batch: number;
  readonly timesteps: number;
  readonly phaseBits: number;
  readonly classes: number;
  readonly options: SteppedOptions;
  /** Steps of a chunk at most. */
  readonly capacity: number;
  /** Once a batch, before the first step. */
  readonly before: readonly SteppedDispatch[];
  /** In every chunk whose window they name, in this order. */
  readonly dispatches: readonly SteppedDispatch[];
  readonly layout: SteppedLayout;
  /** Bytes of each buffer. */
  readonly bytes: { readonly [buffer in SteppedBuffer]: number };
  /** Data that is uploaded once. */
  readonly data: {
    readonly weights: Uint32Array<ArrayBuffer>;
    readonly events: Uint32Array<ArrayBuffer>;
    readonly channels: Int32Array<ArrayBuffer>;
    readonly words: Uint32Array<ArrayBuffer>;
  };
}

export type SteppedBuffer =
  | 'spikes'
  | 'currents'
  | 'membranes'
  | 'counts'
  | 'decoded'
  | 'drive'
  | 'potentials'
  | 'pixels'
  | 'words'
  | 'weights'
  | 'events'
  | 'channels';

/** A chunk's currents go through memory: more of them do not stay in the caches. */
const CURRENT_BYTES = 2 ** 25;
/** The kernels whose currents do. */
const CONVOLVING: ReadonlySet<SteppedKernel> = new Set<SteppedKernel>(['convolve', 'convolve-spikes']);
/** Bytes that a plan may take in all. */
const MEMORY = 2 ** 31;

/**
 * Plans T steps of a network for a batch: dispatches in order, buffers, chunk and batch cut to the limits. Pure.
 * @throws OptionError for options out of range, DeviceError where not even one image fits
 */
export function makeSteppedPlan(network: SpikingNetwork, limits: PlanLimits, options: SteppedOptions): SteppedPlan {
  const { timesteps, chunk } = options;
  positive('timesteps', timesteps);
  positive('batch', options.batch);
  const model = modelOf(options.neuron);
  if (chunk !== undefined && (!Number.isInteger(chunk / 4) || chunk < 4)) {
    throw new OptionError('chunk', 'chunk', `${chunk} is not a positive multiple of 4`, 'leave it out');
  }
  const longest = Math.ceil(Math.min(timesteps, chunk ?? timesteps) / 4) * 4;
  for (let batch = options.batch; batch >= 1; batch = Math.floor(batch / 2)) {
    for (let capacity = longest; capacity >= 4; capacity = Math.ceil(capacity / 8) * 4) {
      const plan = planBatch(network, model, limits, { ...options, batch }, model.windowed ? network.phaseBits : capacity);
      if (fits(plan, network, model, limits)) return plan;
      if (capacity === 4 || model.windowed) break;
    }
  }
  throw new DeviceError(
    'too-large',
    `network "${network.name}"`,
    'does not fit the device with one image at a time',
    'use fewer time steps or smaller images',
  );
}

function positive(option: OptionCode, value: number): void {
  if (!Number.isInteger(value) || value < 1 || value > 65535) {
    throw new OptionError(option, option, `${value} is not an integer from 1 to 65535`, 'correct it');
  }
}

function fits(plan: SteppedPlan, network: SpikingNetwork, model: NeuronModel, limits: PlanLimits): boolean {
  const { bytes, batch, timesteps } = plan;
  const sizes = Object.values(bytes);
  const binding = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
  const largest = network.layers.reduce((most, layer) => Math.max(most, shapeSize(layer.shape)), 0);
  return (
    sizes.every((size) => size <= binding) &&
    sizes.reduce((sum, size) => sum + size, 0) <= MEMORY &&
    (bytes.currents <= CURRENT_BYTES || plan.capacity <= Math.max(4, plan.phaseBits)) &&
    largest * batch * timesteps * model.most < 2 ** 32
  );
}

function planBatch(
  network: SpikingNetwork,
  model: NeuronModel,
  limits: PlanLimits,
  options: SteppedOptions,
  capacity: number,
): SteppedPlan {
  const { batch, synchronous, timesteps } = options;
  const layout = laySteps(network, model, synchronous, batch, capacity);
  const tables = new Tables(
    Int32Array,
    limits.maxUniformBufferBindingSize < UNIFORM_BYTES ? 0 : UNIFORM_BYTES,
    largestBinding(limits),
  );
  const draft: Draft = { network, model, options, layout, tables, events: [], before: [encode(network, batch)], dispatches: [] };
  network.layers.forEach((layer, l) => {
    if (layer.kind === 'pool') draft.dispatches.push(pool(draft, layer, l));
    else addWeighted(draft, layer, l);
    draft.dispatches.push(...lines(draft, l));
  });
  const events = joined(draft.events);
  const readout = network.layers[network.layers.length - 1];
  const usesCurrents = draft.dispatches.some(({ kernel }) => CONVOLVING.has(kernel));
  const data = { ...tables.join(), events, words: constants(network) };
  return {
    network: network.name,
    batch,
    timesteps,
    phaseBits: network.phaseBits,
    classes: readout.shape.channels,
    options,
    capacity,
    before: draft.before,
    dispatches: draft.dispatches,
    layout,
    bytes: {
      spikes: layout.words * 4,
      currents: usesCurrents ? currentBytes(draft) : 16,
      membranes: layout.neuronCount * 4,
      counts: layout.neuronCount * 4,
      decoded: layout.neuronCount * 4,
      drive: layout.driveCount * 4,
      potentials: timesteps * batch * readout.shape.channels * 4,
      pixels: shapeSize(network.input.shape) * batch + 4,
      words: (data.words.length + blocksOf(network.input.shape.channels) * areaOf(network.input.shape) * batch) * 4,
      weights: data.weights.byteLength,
      events: events.byteLength,
      channels: data.channels.byteLength,
    },
    data,
  };
}

/** Currents of the largest layer that goes through memory. */
const currentBytes = ({ dispatches, layout, options, network }: Draft): number =>
  dispatches.reduce((most, { kernel, layer }) => {
    if (!CONVOLVING.has(kernel)) return most;
    const { shape } = network.layers[layer];
    return Math.max(most, tilesOf(shape.channels) * 8 * areaOf(shape) * options.batch * layout.groups * 16);
  }, 16);

function joined(parts: readonly Uint32Array[]): Uint32Array<ArrayBuffer> {
  const all = new Uint32Array(
    Math.max(
      4,
      parts.reduce((sum, part) => sum + part.length, 0),
    ),
  );
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The first words of the pixels: 0, then what stands for padding, the zero point, one word a block. */
function constants(network: SpikingNetwork): Uint32Array<ArrayBuffer> {
  const { channels } = network.input.shape;
  const words = new Uint32Array(1 + blocksOf(channels));
  for (let c = 0; c < channels; c++) words[1 + (c >> 2)] |= network.input.zeroPoint[c] << (8 * (c & 3));
  return words;
}
