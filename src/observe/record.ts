import { shapeSize } from '../ann/ann.ts';
import { countImages } from '../ann/pixels.ts';
import {
  type Check,
  type Checks,
  checkArgument,
  checkOptions,
  integer,
  isObject,
  listOf,
  number,
  object,
  oneOf,
  required,
  TEXT,
} from '../checks.ts';
import { type OptionCode, OptionError } from '../errors.ts';
import { Buffers, mapForReading } from '../gpu/buffers.ts';
import { ruleOf } from '../neuron/neuron.ts';
import type { Pass } from '../plan/program.ts';
import type { Steps } from '../plan/trains/chunks.ts';
import type { SteppedSession, SubmitBatch } from '../run/stepped-session.ts';

/** What to record. */
export interface RecordOptions {
  /** Names of layers of neurons. */
  readonly layers: readonly string[];
  /** Neurons of each layer, (channel · height + y) · width + x; default: all, or a `fraction`. */
  readonly neurons?: readonly number[];
  /** Part of each layer's neurons, evenly spread; 0 … 1. */
  readonly fraction?: number;
  /** Spikes sent (0 … γ, or a word that may be negative), V after the step, or the bistable state in the step (0 integrating, 1 firing). */
  readonly what: 'spikes' | 'membrane' | 'state';
}

/** What each of `RecordOptions` must be. */
export const RECORD_OPTIONS: Checks<RecordOptions> = {
  layers: required(listOf(TEXT)),
  neurons: listOf(integer(0), 0),
  fraction: number('above 0 and at most 1', (part) => part > 0 && part <= 1, 'give a part such as 0.01'),
  what: required(oneOf('spikes', 'membrane', 'state')),
};

/** A session that a caller hands in. */
const SESSION: Check = object('a SteppedSession', ({ alone, plan }) => typeof alone === 'function' && isObject(plan));

/** Several things to record of the same layers in one run. */
export interface RecordTogetherOptions extends Omit<RecordOptions, 'layers' | 'what'> {
  /** Indices of layers of neurons in the network. */
  readonly layers: readonly number[];
  readonly what: readonly RecordOptions['what'][];
}

/** One layer's recording. */
export interface LayerRecord {
  /** Index in the network. */
  readonly layer: number;
  readonly name: string;
  /** Indices of the neurons that were recorded, (channel · height + y) · width + x. */
  readonly neurons: Int32Array;
  /** [step][image][recorded neuron] */
  readonly shape: readonly [number, number, number];
  readonly data: Int32Array;
}

/** What was recorded. */
export interface StepRecord {
  readonly what: RecordOptions['what'];
  readonly timesteps: number;
  readonly images: number;
  readonly layers: readonly LayerRecord[];
}

/** A part of an engine's buffer that is copied after every step. */
interface Source {
  readonly buffer: 'membranes' | 'spikes';
  /** In words. */
  readonly first: number;
  readonly words: number;
  /** The neuron's value in the copied words. */
  readonly valueOf: (words: Int32Array, neuron: number, image: number) => number;
}

/**
 * Runs images one step a dispatch and keeps what the named layers do in every step: on the device, read back once at the end.
 * @param images pixels 0…255, [image][channel][y][x]; at most one batch
 * @throws OptionError for layers that are not there, neurons out of range, more images than a batch
 */
export async function record(session: SteppedSession, options: RecordOptions, images: Uint8Array): Promise<StepRecord> {
  checkArgument('session', session, SESSION);
  const { what, ...given } = checkOptions(options, RECORD_OPTIONS);
  countOf(session, images);
  const layers = given.layers.map((name) => indexOf(session, name));
  const [found] = await recordTogether(session, { ...given, layers, what: [what] }, images);
  return found;
}

/** As `record`, several things of the same layers in one run; they come as they are asked for. */
export const recordTogether = (
  session: SteppedSession,
  options: RecordTogetherOptions,
  images: Uint8Array,
): Promise<StepRecord[]> => session.alone((submit) => recordBatch(session, submit, options, images));

/** Images, at most a batch. @throws OptionError */
function countOf({ network, plan }: SteppedSession, images: Uint8Array): number {
  const count = countImages(images, network.input.shape);
  if (count > plan.batch) refuse('images', `${count} images are more than the batch of ${plan.batch}`, 'record fewer at once');
  return count;
}

/** A run that is planned: a session, or what one would be. */
export type Planned = Pick<SteppedSession, 'network' | 'plan' | 'device'>;

/** Bytes that a batch's recording takes on the device, and the most that it may take. */
export function recordingBytes(
  planned: Planned,
  { layers, what }: Pick<RecordTogetherOptions, 'layers' | 'what'>,
): { readonly bytes: number; readonly most: number } {
  const { device, plan } = planned;
  const words = what.flatMap((one) => layers.map((layer) => sourceOf(planned, layer, one).words)).reduce((a, b) => a + b, 0);
  return { bytes: words * 4 * plan.timesteps, most: Math.min(device.limits.maxBufferSize, 2 ** 30) };
}

/** Checks that the device holds what is recorded of a batch. @throws OptionError */
export function checkRecording(planned: Planned, options: Pick<RecordTogetherOptions, 'layers' | 'what'>): void {
  const { bytes, most } = recordingBytes(planned, options);
  if (bytes <= most) return;
  refuse('layers', `the recording needs ${bytes} bytes, at most ${most}`, 'record fewer layers or steps, or a smaller batch');
}

async function recordBatch(
  session: SteppedSession,
  submit: SubmitBatch,
  options: RecordTogetherOptions,
  images: Uint8Array,
): Promise<StepRecord[]> {
  const { network, plan, device } = session;
  const count = countOf(session, images);
  const { layers } = options;
  const sources = options.what.map((what) => layers.map((layer) => sourceOf(session, layer, what)));
  const chosen = layers.map((layer) => chooseNeurons(shapeSize(network.layers[layer].shape), options));
  const passes = session.passes([], 1);
  checkRecording(session, options);
  const { bytes } = recordingBytes(session, options);
  const stepBytes = bytes / plan.timesteps;
  const buffers = new Buffers(device);
  try {
    const recording = buffers.create('recording', 'readback', bytes);
    const potentials = buffers.create(
      'readback',
      'readback',
      plan.results.reduce((sum, { size }) => sum + size, 0),
    );
    const copy = (encoder: GPUCommandEncoder, { chunk }: Pass<Steps>): void => {
      let at = (chunk as Steps).step * stepBytes;
      for (const { buffer, first, words } of sources.flat()) {
        encoder.copyBufferToBuffer(session.engine.data[buffer], first * 4, recording, at, words * 4);
        at += words * 4;
      }
    };
    submit(images, count, passes, potentials, copy);
    const mapped = await mapForReading(session.device, recording, () => session.check());
    let before = 0;
    return options.what.map((what, w) => {
      const records = layers.map((layer, i): LayerRecord => {
        const place = { mapped, before, stepBytes, timesteps: plan.timesteps, images: count };
        before += sources[w][i].words * 4;
        const data = readSteps(sources[w][i], chosen[i], place);
        const shape = [plan.timesteps, count, chosen[i].length] as const;
        return { layer, name: network.layers[layer].name, neurons: chosen[i], shape, data };
      });
      if (what === 'state') delayStates(records, count);
      return { what, timesteps: plan.timesteps, images: count, layers: records };
    });
  } finally {
    buffers.dispose();
  }
}

/** Where a source's copies are in a recording: `before` bytes into each step. */
interface Place {
  readonly mapped: ArrayBuffer;
  readonly before: number;
  readonly stepBytes: number;
  readonly timesteps: number;
  readonly images: number;
}

/** The values of some neurons, [step][image][neuron]. */
function readSteps(source: Source, neurons: Int32Array, { mapped, before, stepBytes, timesteps, images }: Place): Int32Array {
  const data = new Int32Array(timesteps * images * neurons.length);
  for (let step = 0; step < timesteps; step++) {
    const copied = new Int32Array(mapped, step * stepBytes + before, source.words);
    for (let n = 0; n < images; n++) {
      const row = (step * images + n) * neurons.length;
      for (let j = 0; j < neurons.length; j++) data[row + j] = source.valueOf(copied, neurons[j], n);
    }
  }
  return data;
}

/** States are copied behind a step, when the window's end has flipped them: each step's own is the one before it. */
function delayStates(records: readonly LayerRecord[], images: number): void {
  for (const { data, neurons } of records) {
    const row = images * neurons.length;
    data.copyWithin(row, 0, data.length - row);
    data.fill(0, 0, Math.min(row, data.length));
  }
}

function refuse(option: OptionCode, what: string, remedy: string): never {
  throw new OptionError(option, option, what, remedy);
}

function indexOf({ network }: SteppedSession, name: string): number {
  const layer = network.layers.findIndex((one) => one.kind === 'neurons' && one.name === name);
  if (layer >= 0) return layer;
  const names = network.layers.flatMap((one) => (one.kind === 'neurons' ? [one.name] : []));
  return refuse('layers', `no layer of neurons is named "${name}"`, `choose from ${names.join(', ')}`);
}

function chooseNeurons(size: number, { neurons, fraction = 1 }: Pick<RecordOptions, 'neurons' | 'fraction'>): Int32Array {
  if (neurons) {
    const wrong = neurons.find((i) => !Number.isInteger(i) || i < 0 || i >= size);
    if (wrong !== undefined) refuse('neurons', `${wrong} is not from 0 to ${size - 1}`, 'choose others');
    return Int32Array.from(neurons);
  }
  if (!(fraction > 0 && fraction <= 1)) refuse('fraction', `${fraction} is not within 0 … 1`, 'give a part such as 0.01');
  const count = Math.max(1, Math.round(size * fraction));
  return Int32Array.from({ length: count }, (_, i) => Math.floor((i * size) / count));
}

/** Where a layer's values lie, and how they are read from there. */
function sourceOf({ network, plan }: Planned, layer: number, what: RecordOptions['what']): Source {
  const model = ruleOf(plan.options.neuron);
  const { shape, name } = network.layers[layer];
  const { layout, batch } = plan;
  const area = shape.height * shape.width;
  const tileWords = Math.ceil(shape.channels / 8) * area * batch;
  /** The word of a neuron's tile, and its bit in step 0 of a group. */
  const wordOf = (neuron: number, image: number): number =>
    (Math.floor(neuron / area / 8) * area + (neuron % area)) * batch + image;
  const bitOf = (neuron: number): number => {
    const u = Math.floor(neuron / area) % 8;
    return (u & 3) * 8 + (u >> 2) * 4;
  };
  if (what === 'membrane') {
    const words = shapeSize(shape) * batch;
    return {
      buffer: 'membranes',
      first: layout.neurons[layer],
      words,
      valueOf: (values, neuron, image) => values[neuron * batch + image],
    };
  }
  if (what === 'state') {
    if (!model.windowed) refuse('what', `layer "${name}" has no states with this neuron`, 'record spikes or membranes');
    return {
      buffer: 'spikes',
      first: layout.states[layer],
      words: tileWords,
      valueOf: (values, neuron, image) => (values[wordOf(neuron, image)] >>> bitOf(neuron)) & 1,
    };
  }
  const train = layout.trains[layer];
  if (!train) return refuse('layers', `layer "${name}" sends no spikes`, 'choose a layer of neurons');
  return {
    buffer: 'spikes',
    first: train.first,
    words: train.groupStride * layout.groups,
    valueOf: (values, neuron, image) => {
      let sent = 0;
      for (let plane = 0; plane < train.planes; plane++) {
        const bit = (values[plane * train.planeStride + wordOf(neuron, image)] >>> bitOf(neuron)) & 1;
        sent += bit * (model.signed && plane === train.planes - 1 ? -(2 ** plane) : 2 ** plane);
      }
      return sent;
    },
  };
}
