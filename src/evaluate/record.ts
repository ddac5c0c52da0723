import { type Ann, type Shape, shapeSize } from '../ann/ann.ts';
import { type Checks, checkArgument, checkOptions, FUNCTION, integer, listOf, oneOf, only, TEXT, without } from '../checks.ts';
import type { DataSet } from '../data/data-set.ts';
import { OptionError } from '../errors.ts';
import type { Device } from '../gpu/device.ts';
import { phaseBitsOf, type SpikingNetwork, type SpikingNeurons, scalesAt } from '../network/network.ts';
import type { SavedNetwork } from '../network/saved/load.ts';
import { ruleOf } from '../neuron/neuron.ts';
import { checkRecording, type RecordTogetherOptions, recordingBytes, recordTogether } from '../observe/record.ts';
import { MOST_STEPS } from '../plan/trains/plan.ts';
import { eachBatch, type LabelledSource, sliceSource } from '../run/source.ts';
import { SteppedSession, type SteppedSessionOptions } from '../run/stepped-session.ts';
import { type ComparedNeuron, neuronOf } from './compared-neuron.ts';
import { convertPrepared, preparedFigures } from './convert-prepared.ts';
import { asClassifier, checkLabels } from './fit.ts';
import { checkGiven, checkGivenSaved } from './given.ts';
import { type LastingDevice, lasting } from './lasting.ts';
import { findLayer, membraneUnits, threeWords } from './layers.ts';
import type { Model } from './model.ts';
import { memoryNotes } from './notes.ts';
import type { EvaluateOptions } from './options.ts';
import { prepare } from './prepare.ts';
import { RECORDED, type Recorded } from './recorded.ts';
import { rehearseSteps } from './rehearse.ts';
import type { SavedInputFigures } from './result.ts';
import { prepareSaved, type SavedInputs, type SavedOptions } from './saved-inputs.ts';
import { EVALUATE_OPTIONS, settle } from './settle.ts';

/** What to record. */
export interface RecordImagesOptions extends Omit<EvaluateOptions, 'waves' | 'diagnosis'> {
  /** Images at most (default 1). */
  readonly limit?: number;
  /** Images at once, at most (default 16); fewer where their recording would be too large. */
  readonly batch?: number;
  /** Layers of neurons: the name of each, or a part of it that no other has; default all. */
  readonly layers?: readonly string[];
  /** Default both. */
  readonly what?: readonly Recorded[];
  /** Default `bistable`. */
  readonly neuron?: ComparedNeuron;
  /** Steps from an image's onset; default: until the deepest of the layers has sent three words. */
  readonly timesteps?: number;
}

/** What each of `RecordImagesOptions` must be. */
export const RECORD_IMAGES_OPTIONS: Checks<RecordImagesOptions> = {
  ...without(EVALUATE_OPTIONS, 'waves', 'diagnosis'),
  layers: listOf(TEXT),
  what: listOf(oneOf(...RECORDED)),
  neuron: TEXT,
  timesteps: integer(1, MOST_STEPS),
};

/** A layer that is recorded. */
export interface RecordedLayer {
  readonly name: string;
  readonly shape: Shape;
  /** Activation that one unit of V stands for, one a channel. */
  readonly units: Float64Array;
}

/** A recording: all of it but what the neurons did. */
export interface ImagesRecording extends SavedInputFigures {
  readonly model: string;
  readonly dataset: string;
  readonly neuron: ComparedNeuron;
  /** Spikes are words that may be negative, as 32 bits; else they are counts, as bytes. */
  readonly signed: boolean;
  /** K; by depth, from the input's window on, where it differs. */
  readonly phaseBits: number | readonly number[];
  /** Index of the first image in the data set. */
  readonly first: number;
  readonly images: number;
  readonly timesteps: number;
  readonly what: readonly Recorded[];
  readonly layers: readonly RecordedLayer[];
}

/** What one layer did, [image][step][channel][y][x]. */
export interface LayerValues {
  /** As bytes, or 32 bits where the recording is `signed`; null where they were not asked for. */
  readonly spikes: Uint8Array | Int32Array | null;
  /** V after each step, in the layer's units; null where they were not asked for. */
  readonly membranes: Int32Array | null;
}

/** Some images of a recording; those before have come before. */
export interface RecordedBatch {
  /** Index of the first image in the data set. */
  readonly first: number;
  readonly images: number;
  /** Class of each. */
  readonly labels: Int32Array;
  /** In the order of the recording's layers. */
  readonly layers: readonly LayerValues[];
}

/** Called with each batch, in order; the next one runs once it is done. */
export type OnRecordedBatch = (batch: RecordedBatch, recording: ImagesRecording) => void | Promise<void>;

/** Bytes of the values of a batch in memory, at most. */
const MOST_VALUES = 2 ** 30;

/**
 * Runs images step by step and records layers of neurons: every neuron, every step. Only one batch is held at a time. Where the device
 * is lost it is opened again, and goes on at the first batch that was not handed over.
 * @throws OptionError, UnsupportedModelError, ModelFormatError, ConversionError, DeviceError, and what `onBatch` throws
 */
export async function recordImages(
  device: Device,
  model: string | Ann | Model,
  given: DataSet | LabelledSource,
  options: RecordImagesOptions,
  onBatch: OnRecordedBatch,
): Promise<ImagesRecording> {
  checkGiven(device, model, given, undefined);
  checkArgument('onBatch', onBatch, FUNCTION);
  const { layers, what, neuron, timesteps, ...rest } = checkOptions(options, RECORD_IMAGES_OPTIONS);
  const choice = settleChoice({ layers, what, neuron, timesteps });
  const evaluation = await prepare(model, given, settle(rest, FEW));
  const chosen = chooseLayers(evaluation.ann, layers);
  rehearseSteps(
    device,
    evaluation,
    (form) => [{ neuron: choice.kind, synchronous: choice.synchronous, timesteps: stepsOf(form, chosen, timesteps) }],
    (planned) => {
      mostInMemory(
        chosen.map((l) => evaluation.ann.layers[l]),
        choice.what,
        planned.plan.timesteps,
      );
      checkRecording(planned, { layers: chosen, what: choice.what.map((one) => OBSERVED[one]) });
    },
  );
  return lasting(device, async (one) => {
    const converted = await convertPrepared(one, evaluation);
    const inputs = { ...evaluation, network: converted.network, figures: preparedFigures(evaluation, converted) };
    return recordNetwork(one, inputs, choice, onBatch);
  });
}

/** Images at most, and at once, where nothing else is asked for: recordings are large. */
const FEW = { limit: 1, batch: 16 };

/** What of a recording is no matter of conversion. */
type RecordChoice = Pick<RecordImagesOptions, 'layers' | 'what' | 'neuron' | 'timesteps'>;

/** How a saved network is recorded. */
export type RecordSavedOptions = RecordChoice & Pick<SavedOptions, 'limit' | 'offset' | 'batch'>;

/** What each of `RecordSavedOptions` must be. */
export const RECORD_SAVED_OPTIONS: Checks<RecordSavedOptions> = only(
  RECORD_IMAGES_OPTIONS,
  ...(['layers', 'what', 'neuron', 'timesteps', 'limit', 'offset', 'batch'] as const),
);

/** Records a saved network: the same, and nothing is converted. @throws OptionError, DeviceError, and what `onBatch` throws */
export async function recordSaved(
  device: Device,
  saved: SavedNetwork,
  given: DataSet | LabelledSource,
  options: RecordSavedOptions,
  onBatch: OnRecordedBatch,
): Promise<ImagesRecording> {
  checkGivenSaved(device, saved, given, undefined);
  checkArgument('onBatch', onBatch, FUNCTION);
  const { layers, what, neuron, timesteps, ...rest } = checkOptions(options, RECORD_SAVED_OPTIONS);
  const inputs = prepareSaved(saved, given, { ...FEW, ...rest });
  checkLabels(asClassifier(inputs.network), inputs.images, inputs.dataset.name, inputs.offset);
  return lasting(device, (one) => recordNetwork(one, inputs, settleChoice({ layers, what, neuron, timesteps }), onBatch));
}

/** A network and its images, however they came about. */
type RecordInputs = Pick<SavedInputs, 'network' | 'images' | 'dataset' | 'offset' | 'batch' | 'figures'>;

/** Options that may be left out, or be undefined. */
type Loose<T> = { readonly [name in keyof T]?: T[name] | undefined };

/** What is recorded, with the defaults. @throws OptionError */
function settleChoice({ layers, what = RECORDED, neuron = 'bistable', timesteps }: Loose<RecordChoice>) {
  const { neuron: kind, synchronous } = neuronOf(neuron);
  return { layers, what, neuron, kind, synchronous, timesteps };
}

async function recordNetwork(
  lastingDevice: LastingDevice,
  { network, images, dataset, offset, batch, figures }: RecordInputs,
  { layers: wanted, what, neuron, kind, synchronous, timesteps }: ReturnType<typeof settleChoice>,
  onBatch: OnRecordedBatch,
): Promise<ImagesRecording> {
  const layers = chooseLayers(network, wanted);
  const steps = stepsOf(network, layers, timesteps);
  const recording: ImagesRecording = {
    model: network.name,
    dataset: dataset.name,
    neuron,
    signed: ruleOf(kind).signed,
    phaseBits: phaseBitsOf(network),
    ...figures,
    first: offset,
    images: images.count,
    timesteps: steps,
    what: RECORDED.filter((one) => what.includes(one)),
    layers: layers.map((l) => {
      const { name, shape } = network.layers[l] as SpikingNeurons;
      const scales = scalesAt(network, l);
      return { name, shape, units: membraneUnits(network, l, kind).map((unit, o) => unit * scales[o]) };
    }),
  };
  const recorded = observed(layers, recording);
  const sessionOptions = { neuron: kind, synchronous, timesteps: steps, batch: batch === 'auto' ? FEW.batch : batch };
  let done = 0;
  const onRecorded: OnRecordedBatch = async (batch) => {
    await lastingDevice.handOver(() => onBatch(batch, recording));
    done += batch.images;
    lastingDevice.progressed();
  };
  const refusedBatch = await lastingDevice.withSession(
    (device) => createSession(device, network, recording, recorded, sessionOptions),
    async (session) => {
      await run(session, images, done, recording, recorded, onRecorded);
      return session.refusedBatch;
    },
  );
  return { ...recording, notes: [...recording.notes, ...memoryNotes([refusedBatch])] };
}

/** Steps from an image's onset: as asked for, or until the deepest of the layers has sent three words. */
const stepsOf = ({ layers, timetable }: SpikingNetwork, chosen: readonly number[], timesteps: number | undefined): number =>
  timesteps ?? Math.max(...chosen.map((l) => threeWords(timetable, (layers[l] as SpikingNeurons).depth)));

/** Indices of the layers of neurons that are meant, each once, in the network's order. */
function chooseLayers(network: Ann | SpikingNetwork, wanted: readonly string[] | undefined): number[] {
  const all = network.layers.flatMap(({ kind }, l) => (kind === 'neurons' ? [l] : []));
  const chosen = wanted?.map((name) => findLayer(network, name));
  const found = all.filter((l) => chosen?.includes(l) ?? true);
  if (found.length > 0) return found;
  const what = wanted ? 'are none' : 'are none in this network';
  throw new OptionError('layers', 'layers', what, 'name layers of neurons, or leave the option out');
}

/** What `observe` calls what is recorded. */
const OBSERVED = { spikes: 'spikes', membranes: 'membrane' } as const;

const observed = (layers: readonly number[], { what }: ImagesRecording) => ({ layers, what: what.map((one) => OBSERVED[one]) });

/** Images whose recording memory takes at once. @throws OptionError where it takes none */
function mostInMemory(layers: readonly { readonly shape: Shape }[], what: readonly Recorded[], timesteps: number): number {
  const values = layers.reduce((sum, { shape }) => sum + shapeSize(shape), 0) * what.length * timesteps;
  const images = Math.floor(MOST_VALUES / (4 * values));
  if (images > 0) return images;
  const size = `${values} values of 4 bytes of one image are more than ${MOST_VALUES} bytes`;
  throw new OptionError('layers', 'layers', size, 'record fewer layers, or fewer steps');
}

/** A session of the largest batch, halved as often as needed, whose recording fits the device and memory. @throws OptionError */
async function createSession(
  device: Device,
  network: SpikingNetwork,
  recording: ImagesRecording,
  recorded: RecordTogetherOptions,
  options: SteppedSessionOptions & { readonly batch: number },
): Promise<SteppedSession> {
  const { layers, what, timesteps } = recording;
  const inMemory = mostInMemory(layers, what, timesteps);
  let batch = halved(Math.min(options.batch, recording.images), inMemory);
  for (;;) {
    const session = await SteppedSession.create(device, network, { ...options, batch });
    try {
      const { bytes, most } = recordingBytes(session, recorded);
      const { batch: made } = session.plan;
      if (bytes <= most || made === 1) return session;
      batch = halved(made, Math.floor((most * made) / bytes));
    } catch (cause) {
      session.dispose();
      throw cause;
    }
    session.dispose();
  }
}

/** The number, halved as often as it takes to be at most another; at least 1. */
function halved(batch: number, most: number): number {
  let fitting = batch;
  while (fitting > Math.max(most, 1)) fitting = Math.floor(fitting / 2);
  return fitting;
}

/** @param done images that were handed on before */
async function run(
  session: SteppedSession,
  images: LabelledSource,
  done: number,
  recording: ImagesRecording,
  recorded: RecordTogetherOptions,
  onBatch: OnRecordedBatch,
): Promise<void> {
  const source = sliceSource(images, done, images.count - done);
  await eachBatch(source, session.plan.batch, async (pixels, first, some) => {
    const records = await recordTogether(session, recorded, pixels);
    /** The values of a layer, where they were recorded. */
    const valuesOf = (what: Recorded, layer: number): Int32Array | null =>
      records[recording.what.indexOf(what)]?.layers[layer].data ?? null;
    const layers = recording.layers.map((_, l): LayerValues => {
      const [spikes, membranes] = [valuesOf('spikes', l), valuesOf('membranes', l)];
      const sent = recording.signed ? new Int32Array(spikes?.length ?? 0) : new Uint8Array(spikes?.length ?? 0);
      return {
        spikes: spikes && imagesFirst(spikes, sent, some, recording.timesteps),
        membranes: membranes && imagesFirst(membranes, new Int32Array(membranes.length), some, recording.timesteps),
      };
    });
    const labels = Int32Array.from({ length: some }, (_, n) => source.labels[first + n]);
    await onBatch({ first: recording.first + done + first, images: some, labels, layers }, recording);
  });
}

/** [step][image][neuron] as [image][step][neuron]. */
function imagesFirst<T extends Uint8Array | Int32Array>(values: Int32Array, sorted: T, images: number, timesteps: number): T {
  const size = values.length / (images * timesteps);
  for (let t = 0; t < timesteps; t++) {
    for (let n = 0; n < images; n++) {
      const from = (t * images + n) * size;
      sorted.set(values.subarray(from, from + size), (n * timesteps + t) * size);
    }
  }
  return sorted;
}
