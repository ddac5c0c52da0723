import { type Ann, type Shape, shapeSize } from '../ann/ann.ts';
import { type Checks, checkOptions, integer, required, TEXT, without } from '../checks.ts';
import type { DataSet } from '../data/data-set.ts';
import type { Device } from '../gpu/device.ts';
import { phaseBitsOf, type SpikingNetwork, type SpikingNeurons, scalesAt } from '../network/network.ts';
import { momentAt, type Timetable } from '../network/timetable.ts';
import { ruleOf } from '../neuron/neuron.ts';
import { readActivations } from '../observe/activations.ts';
import { checkRecording, recordTogether } from '../observe/record.ts';
import { MOST_STEPS } from '../plan/trains/plan.ts';
import { AnnSession, type Normalization } from '../run/ann-session.ts';
import { type LabelledSource, readImages } from '../run/source.ts';
import { SteppedSession, type SteppedSessionOptions } from '../run/stepped-session.ts';
import { type ComparedNeuron, neuronOf } from './compared-neuron.ts';
import { convertPrepared, preparedFigures } from './convert-prepared.ts';
import { checkGiven } from './given.ts';
import { type LastingDevice, lasting } from './lasting.ts';
import { findLayer, membraneUnits, threeWords } from './layers.ts';
import type { Model } from './model.ts';
import type { EvaluateOptions } from './options.ts';
import { prepare } from './prepare.ts';
import { rehearseSteps } from './rehearse.ts';
import type { InputFigures } from './result.ts';
import { EVALUATE_OPTIONS, settle } from './settle.ts';

/** What to record. */
export interface TraceOptions extends Omit<EvaluateOptions, 'limit' | 'offset' | 'waves' | 'batch' | 'diagnosis'> {
  /** Index of the image in the data set (default 0). */
  readonly image?: number;
  /** A layer of neurons: its name, or a part of it that no other has. */
  readonly layer: string;
  /** Default `bistable`. */
  readonly neuron?: ComparedNeuron;
  /** Steps from the image's onset; default: until the layer has sent three words. */
  readonly timesteps?: number;
}

/** What each of `TraceOptions` must be. */
export const TRACE_OPTIONS: Checks<TraceOptions> = {
  ...without(EVALUATE_OPTIONS, 'limit', 'offset', 'waves', 'batch', 'diagnosis'),
  image: integer(0),
  layer: required(TEXT),
  neuron: TEXT,
  timesteps: integer(1, MOST_STEPS),
};

/** One layer over time, for one image. Neurons are [channel][y][x]. */
export interface LayerTrace extends InputFigures {
  readonly model: string;
  readonly dataset: string;
  readonly layer: string;
  readonly neuron: ComparedNeuron;
  readonly image: number;
  /** Name of the image's class. */
  readonly className: string;
  /** K; by depth, from the input's window on, where it differs. */
  readonly phaseBits: number | readonly number[];
  readonly shape: Shape;
  readonly timesteps: number;
  /** Windows of the layer that begin before the end; none for neurons without windows. */
  readonly windows: readonly { readonly start: number; readonly end: number; readonly state: 'integrating' | 'firing' }[];
  /** [step][neuron]: spikes, or for multi-threshold neurons the word, which may be negative where it is taken back. */
  readonly spikes: Uint8Array | Int32Array;
  /** Membranes after each step, in units of λ of activation, [step][neuron]. */
  readonly membranes: Float32Array;
  /** The trained network's activations, in units of λ. */
  readonly activations: Float32Array;
}

/**
 * Runs one image and records one layer, every neuron and every step, beside the trained network's activations.
 * @throws OptionError, UnsupportedModelError, ModelFormatError, ConversionError, DeviceError
 */
export async function trace(
  device: Device,
  model: string | Ann | Model,
  given: DataSet | LabelledSource,
  options: TraceOptions,
): Promise<LayerTrace> {
  checkGiven(device, model, given, undefined);
  return lasting(device, (one) => traceOn(device, one, model, given, options));
}

async function traceOn(
  device: Device,
  lastingDevice: LastingDevice,
  model: string | Ann | Model,
  given: DataSet | LabelledSource,
  options: TraceOptions,
): Promise<LayerTrace> {
  const { image = 0, layer: wanted, neuron = 'bistable', timesteps, ...rest } = checkOptions(options, TRACE_OPTIONS);
  const { neuron: kind, synchronous } = neuronOf(neuron);
  const evaluation = await prepare(model, given, settle({ ...rest, offset: image, limit: 1 }));
  const { ann, dataset, images } = evaluation;
  const l = findLayer(ann, wanted);
  const stepsIn = ({ layers, timetable }: SpikingNetwork) =>
    timesteps ?? threeWords(timetable, (layers[l] as SpikingNeurons).depth);
  rehearseSteps(
    device,
    evaluation,
    (form) => [{ neuron: kind, synchronous, timesteps: stepsIn(form) }],
    (planned) => checkRecording(planned, { layers: [l], what: TRACED }),
  );
  const converted = await convertPrepared(lastingDevice, evaluation);
  const { network } = converted;
  const layer = network.layers[l] as SpikingNeurons;
  const steps = stepsIn(network);
  const pixels = await readImages(images, 0, 1);
  const stepped = { neuron: kind, synchronous, timesteps: steps };
  const recorded = await lastingDevice.through((on) => record(on, network, pixels, l, stepped));
  const activations = await lastingDevice.through((on) => activationsOf(on, ann, evaluation, pixels, l));
  const area = layer.shape.height * layer.shape.width;
  const units = membraneUnits(network, l, kind);
  const scales = scalesAt(network, l);
  const size = shapeSize(layer.shape);
  return {
    model: ann.name,
    dataset: dataset.name,
    layer: layer.name,
    neuron,
    image,
    className: dataset.classes[images.labels[0]] ?? String(images.labels[0]),
    phaseBits: phaseBitsOf(network),
    ...preparedFigures(evaluation, converted),
    shape: layer.shape,
    timesteps: steps,
    windows: ruleOf(kind).windowed ? windowsOf(network.timetable, layer.depth, steps) : [],
    spikes: (ruleOf(kind).signed ? Int32Array : Uint8Array).from(recorded.spikes),
    membranes: Float32Array.from(recorded.membranes, (v, i) => v * units[Math.floor((i % size) / area)]),
    activations: activations.map((a, i) => a / scales[Math.floor(i / area)]),
  };
}

/** What is recorded of the layer. */
const TRACED = ['spikes', 'membrane'] as const;

/** Spikes and membranes of all neurons of one layer after every step, [step][neuron]. */
async function record(
  device: Device,
  network: SpikingNetwork,
  pixels: Uint8Array,
  layer: number,
  options: SteppedSessionOptions,
): Promise<{ readonly spikes: Int32Array; readonly membranes: Int32Array }> {
  const session = await SteppedSession.create(device, network, { ...options, batch: 1 });
  try {
    const [spikes, membranes] = await recordTogether(session, { layers: [layer], what: TRACED }, pixels);
    return { spikes: spikes.layers[0].data, membranes: membranes.layers[0].data };
  } finally {
    session.dispose();
  }
}

/** Runs of steps in which a layer integrates or fires. */
function windowsOf(timetable: Timetable, depth: number, steps: number): LayerTrace['windows'] {
  const windows: { start: number; end: number; state: 'integrating' | 'firing' }[] = [];
  for (let step = 0; step < steps; step++) {
    const { state, phase } = momentAt(timetable, depth, step);
    if (state !== 'integrating' && state !== 'firing') continue;
    if (phase === 0) windows.push({ start: step, end: step + 1, state });
    else windows[windows.length - 1].end = step + 1;
  }
  return windows;
}

async function activationsOf(
  device: Device,
  ann: Ann,
  { mean, std }: Normalization,
  pixels: Uint8Array,
  layer: number,
): Promise<Float32Array> {
  const session = await AnnSession.create(device, ann, { mean, std, batch: 1, keepCells: true });
  try {
    await session.classify(pixels);
    return await readActivations(session, layer, 1);
  } finally {
    session.dispose();
  }
}
