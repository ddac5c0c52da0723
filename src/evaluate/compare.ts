import { type Ann, shapeSize } from '../ann/ann.ts';
import { convert } from '../convert/convert.ts';
import type { DataSet } from '../data/data-set.ts';
import { Clock, milliseconds } from '../gpu/clock.ts';
import type { Device } from '../gpu/device.ts';
import type { Decoding, LayerSums } from '../network/diagnosis.ts';
import type { SpikingNetwork } from '../network/network.ts';
import { convolutionsBy } from '../network/work.ts';
import { DiagnosisSession } from '../observe/diagnosis.ts';
import { AnnSession } from '../run/ann-session.ts';
import { SteppedSession } from '../run/stepped-session.ts';
import { accuracy } from './accuracy.ts';
import { COMPARED, type ComparedNeuron, neuronOf, TIMESTEPS } from './compared-neuron.ts';
import type { Comparison, ComparisonRow } from './comparison.ts';
import { addSums, diagnosis } from './diagnosis.ts';
import { type Evaluation, prepare } from './evaluate.ts';
import { classesOf } from './fit.ts';
import { type EvaluateOptions, settle } from './options.ts';

/** What to compare; the rest as in `evaluate`. */
export interface CompareOptions extends Omit<EvaluateOptions, 'waves' | 'diagnosis'> {
  /** Default: `COMPARED`. */
  readonly neurons?: readonly ComparedNeuron[];
  /** Steps from the image's onset, in rising order (default: `TIMESTEPS`). */
  readonly timesteps?: readonly number[];
}

/** How far a comparison is: images done, neuron by neuron. */
export interface CompareProgress {
  readonly stage: string;
  readonly done: number;
  readonly images: number;
}

type Report = (progress: CompareProgress) => void;

/**
 * Runs one network with several kinds of neurons, step by step, and looks at each at several times: accuracy, spikes of
 * inactivated neurons, work (specification, sections 8, 10 and 11).
 * @throws OptionError, UnsupportedModelError, ModelFormatError, ConversionError, DeviceError
 */
export async function compare(
  device: Device,
  model: string | Ann,
  dataset: DataSet,
  options: CompareOptions = {},
  onProgress: Report = () => {},
): Promise<Comparison> {
  const start = performance.now();
  const { neurons = COMPARED, timesteps = TIMESTEPS, ...rest } = options;
  neurons.forEach(neuronOf);
  const evaluation = await prepare(model, dataset, settle(rest));
  const { ann, images, calibrationPixels } = evaluation;
  const network = await convert(device, ann, calibrationPixels, evaluation);
  const trained = await AnnSession.create(device, ann, { ...evaluation, keepCells: true });
  try {
    const { logits } = await trained.classify(images.pixels);
    const rows: ComparisonRow[] = [];
    for (const neuron of neurons) {
      const report = (done: number) => onProgress({ stage: neuron, done, images: images.count });
      rows.push(...(await runNeuron({ device, evaluation, network, trained, neuron, timesteps, report })));
    }
    return {
      model: ann.name,
      dataset: dataset.name,
      images: images.count,
      classes: classesOf(ann),
      phaseBits: network.phaseBits,
      initial: network.initial,
      percentile: evaluation.percentile,
      calibrationImages: calibrationPixels.length / shapeSize(ann.input),
      ann: { top1: accuracy(logits, images.labels).top1, macs: diagnosis(network, [], [], [], 1).energy.annMacs },
      rows,
      device: device.description,
      seconds: (performance.now() - start) / 1000,
    };
  } finally {
    trained.dispose();
  }
}

interface NeuronRun {
  readonly device: Device;
  readonly evaluation: Evaluation;
  readonly network: SpikingNetwork;
  readonly trained: AnnSession;
  readonly neuron: ComparedNeuron;
  readonly timesteps: readonly number[];
  readonly report: (images: number) => void;
}

/** What a neuron's batches add up to. */
interface Gathered {
  /** [time][counted layer] */
  sums: LayerSums[][];
  /** Seconds on the GPU up to each time; null without timestamps. */
  seconds: number[] | null;
  /** Logits at each time, [time][image][class]. */
  readonly logits: Float64Array[];
}

/** One neuron: all images in batches, each stopped nowhere and looked at in passing at every time. */
async function runNeuron(run: NeuronRun): Promise<ComparisonRow[]> {
  const { device, evaluation, network, trained, timesteps } = run;
  const { neuron, synchronous } = neuronOf(run.neuron);
  const batch = Math.min(evaluation.batch, trained.plan.batch);
  const session = await SteppedSession.create(device, network, {
    neuron,
    synchronous,
    timesteps: timesteps[timesteps.length - 1],
    batch,
  });
  const open: { dispose: () => void }[] = [session];
  try {
    const { counts, decoded } = session.engine.data;
    const counted = session.accumulators.map(({ layer, first }) => ({ layer, first, tally: null }));
    const diagnoser = await DiagnosisSession.create(
      device,
      network,
      trained,
      { counts, decoded, layers: counted },
      session.plan.batch,
      {
        moments: timesteps.length,
        synchronous: synchronous && session.model.windowed,
      },
    );
    open.push(diagnoser);
    // the first mark is the start; then two for each time, around the diagnosis
    const clock = Clock.of(device, 1 + 2 * timesteps.length);
    if (clock) open.push(clock);
    const layers = counted.map(({ layer }) => layer);
    const decoding = timesteps.map((t) => layers.map((l) => decodingOf(session, l, t)));
    const gathered = await runBatches(run, session, diagnoser, clock, decoding);
    return timesteps.map((t, i) => {
      const found = diagnosis(network, layers, gathered.sums[i], decoding[i], evaluation.images.count);
      const hasOutput = session.model.windowed
        ? t > network.phaseBits * (network.layers[network.layers.length - 1].depth - 1)
        : true;
      return {
        neuron: run.neuron,
        t,
        top1: hasOutput ? accuracy(gathered.logits[i], evaluation.images.labels).top1 : null,
        sin: found.sin,
        meanLayerSin: found.layers.reduce((sum, { sin }) => sum + sin, 0) / found.layers.length,
        spikesPerImage: found.spikesPerImage,
        synapticOperations: found.energy.synapticOperations,
        convolutions: convolutionsBy(network, t, session.model.windowed, synchronous),
        seconds: gathered.seconds?.[i] ?? null,
        layers: found.layers.map(({ name, sin, spikesPerNeuron, correlation }) => ({ name, sin, spikesPerNeuron, correlation })),
      };
    });
  } finally {
    for (const one of open.reverse()) one.dispose();
  }
}

/** How a layer's accumulators are read after T steps. What counts as saturated is not asked here. */
function decodingOf(session: SteppedSession, l: number, t: number): Decoding {
  const layer = session.network.layers[l];
  const scale = layer.kind === 'pool' ? 0 : layer.scale;
  return { unit: scale * 2 ** -session.network.phaseBits * session.decodeFactor(l, t), saturation: 0 };
}

async function runBatches(
  { device, evaluation, trained, timesteps, report }: NeuronRun,
  session: SteppedSession,
  diagnoser: DiagnosisSession,
  clock: Clock | null,
  decoding: readonly (readonly Decoding[])[],
): Promise<Gathered> {
  const { images } = evaluation;
  const { batch, classes } = session.plan;
  const size = shapeSize(images.shape);
  const gathered: Gathered = {
    sums: [],
    seconds: clock && timesteps.map(() => 0),
    logits: timesteps.map(() => new Float64Array(images.count * classes)),
  };
  for (let first = 0; first < images.count; first += batch) {
    const count = Math.min(batch, images.count - first);
    const pixels = images.pixels.subarray(first * size, (first + count) * size);
    await trained.classify(pixels);
    diagnoser.set(count, decoding);
    if (clock) submitMark(device, clock);
    const { potentials, units, divisors } = await session.classify(pixels, {
      checkpoints: timesteps,
      onCheckpoint: ({ encoder, step }) => {
        const i = timesteps.indexOf(step);
        clock?.mark(encoder, 1 + 2 * i);
        diagnoser.encode(encoder, i);
        clock?.mark(encoder, 2 + 2 * i);
      },
    });
    const sums = await diagnoser.read();
    gathered.sums = sums.map((moment, i) => moment.map((sum, l) => (gathered.sums[i] ? addSums(gathered.sums[i][l], sum) : sum)));
    if (clock) addSeconds(gathered.seconds as number[], await clock.read());
    timesteps.forEach((t, i) => {
      const at = potentials.subarray((t - 1) * count * classes, t * count * classes);
      gathered.logits[i].set(
        Float64Array.from(at, (v, j) => (v * units[j % classes]) / divisors[t - 1]),
        first * classes,
      );
    });
    report(first + count);
  }
  return gathered;
}

function submitMark({ handle }: Device, clock: Clock): void {
  const encoder = handle.createCommandEncoder();
  clock.mark(encoder, 0);
  handle.queue.submit([encoder.finish()]);
}

/** Adds the time from the first mark to each pair's first, less what lay between the pairs before. */
function addSeconds(seconds: number[], marks: BigUint64Array): void {
  let diagnosing = 0;
  seconds.forEach((_, i) => {
    seconds[i] += milliseconds(marks[0], marks[1 + 2 * i]) / 1e3 - diagnosing;
    diagnosing += milliseconds(marks[1 + 2 * i], marks[2 + 2 * i]) / 1e3;
  });
}
