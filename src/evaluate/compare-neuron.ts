import { Clock, milliseconds } from '../gpu/clock.ts';
import type { Device } from '../gpu/device.ts';
import type { Decoding, LayerSums } from '../network/diagnosis.ts';
import { phasesAt, readoutOf, type SpikingNetwork } from '../network/network.ts';
import { convolutionsBy } from '../network/work.ts';
import { DiagnosisSession } from '../observe/diagnosis.ts';
import type { AnnSession } from '../run/ann-session.ts';
import type { Batch } from '../run/batch.ts';
import type { LabelledSource } from '../run/source.ts';
import { SteppedSession } from '../run/stepped-session.ts';
import { accuracyOf, type Hits } from './accuracy.ts';
import { type ComparedNeuron, neuronOf } from './compared-neuron.ts';
import type { ComparisonRow } from './comparison.ts';
import { hitsAtPoints } from './curve.ts';
import { diagnosis, diagnosisFrame } from './diagnosis.ts';
import { merge } from './folds.ts';
import { openTogether } from './together.ts';

/** What one kind of neuron adds up to, at each of the times: plain data. */
export interface NeuronSums {
  readonly hits: readonly Hits[];
  /** [time][counted layer] */
  readonly layers: readonly (readonly LayerSums[])[];
  /** On the GPU up to each time; empty where some of the images had no timestamps. */
  readonly seconds: readonly number[];
}

/** One kind of neuron in a comparison: its session, what looks at it in passing, and what was found so far. */
export interface NeuronRun {
  readonly neuron: ComparedNeuron;
  readonly timesteps: readonly number[];
  readonly session: SteppedSession;
  readonly diagnoser: DiagnosisSession;
  /** The first mark is the start; then two for each time, around the diagnosis. */
  readonly clock: Clock | null;
  /** The layers looked at, and how they are read at each time. */
  readonly layers: readonly number[];
  readonly decoding: readonly (readonly Decoding[])[];
  sums: NeuronSums | null;
  readonly dispose: () => void;
}

/** What all kinds of neurons share. */
export interface Compared {
  readonly device: Device;
  readonly network: SpikingNetwork;
  /** The trained network, which keeps its cells. */
  readonly trained: AnnSession;
  readonly timesteps: readonly number[];
  /** Images at once, at most. */
  readonly batch: number;
  /** Bytes that each session may take. */
  readonly memory: number;
}

/** Makes what one kind of neuron needs. @param before what it found before @throws OptionError, DeviceError */
export function openNeuron(neuron: ComparedNeuron, compared: Compared, before: NeuronSums | null): Promise<NeuronRun> {
  const { device, network, trained, timesteps, batch, memory } = compared;
  return openTogether(async (keep) => {
    const { neuron: kind, synchronous } = neuronOf(neuron);
    const last = timesteps[timesteps.length - 1];
    const options = { neuron: kind, synchronous, timesteps: last, batch, memory };
    const session = keep(await SteppedSession.create(device, network, options));
    const { counts, decoded } = session.engine.data;
    const counted = session.accumulators.map(({ layer, first }) => ({ layer, first, tally: null }));
    const where = { counts, decoded, layers: counted };
    const looks = { moments: timesteps.length, synchronous: synchronous && session.model.windowed };
    const diagnoser = keep(await DiagnosisSession.create(device, network, trained, where, session.plan.batch, looks));
    const clock = Clock.of(device, 1 + 2 * timesteps.length);
    if (clock) keep(clock);
    const layers = counted.map(({ layer }) => layer);
    const decoding = timesteps.map((t) => layers.map((l) => decodingOf(session, l, t)));
    return { neuron, timesteps, session, diagnoser, clock, layers, decoding, sums: before };
  });
}

/** How a layer's accumulators are read after T steps. What counts as saturated is not asked here. */
function decodingOf(session: SteppedSession, l: number, t: number): Decoding {
  return { unit: 2 ** -phasesAt(session.network, l) * session.decodeFactor(l, t), saturation: 0 };
}

/**
 * Runs one batch, stopped nowhere and looked at in passing at every time, and adds what it gave. The trained network has run it.
 * @param source the batch alone, with its labels
 */
export async function runNeuron(run: NeuronRun, device: Device, source: LabelledSource): Promise<void> {
  const { timesteps, session, diagnoser, clock, decoding } = run;
  diagnoser.set(source.count, decoding);
  if (clock) submitMark(device, clock);
  let hits: Hits[] = [];
  const points = timesteps.map((t) => t - 1);
  const take = (batch: Batch) => {
    hits = hitsAtPoints(batch, points, session.units, source.labels, 0);
  };
  await session.run(source, take, {
    checkpoints: timesteps,
    onCheckpoint: ({ encoder, step }) => {
      const i = timesteps.indexOf(step);
      clock?.mark(encoder, 1 + 2 * i);
      diagnoser.encode(encoder, i);
      clock?.mark(encoder, 2 + 2 * i);
    },
  });
  const layers = await diagnoser.read();
  const seconds = clock ? secondsOf(await clock.read(), timesteps.length) : [];
  run.sums = run.sums === null ? { hits, layers, seconds } : mergeSums(run.sums, { hits, layers, seconds });
}

/** Seconds are of all images or of none: the device that went on may have no clock. */
function mergeSums(a: NeuronSums, b: NeuronSums): NeuronSums {
  const timed = a.seconds.length === b.seconds.length;
  return {
    hits: merge(a.hits, b.hits),
    layers: merge(a.layers, b.layers),
    seconds: timed ? merge(a.seconds, b.seconds) : [],
  };
}

function submitMark({ handle }: Device, clock: Clock): void {
  const encoder = handle.createCommandEncoder();
  clock.mark(encoder, 0);
  handle.queue.submit([encoder.finish()]);
}

/** From the first mark to each pair's first, less what lay between the pairs before. */
function secondsOf(marks: BigUint64Array, times: number): number[] {
  let diagnosing = 0;
  return Array.from({ length: times }, (_, i) => {
    const seconds = milliseconds(marks[0], marks[1 + 2 * i]) / 1e3 - diagnosing;
    diagnosing += milliseconds(marks[1 + 2 * i], marks[2 + 2 * i]) / 1e3;
    return seconds;
  });
}

/** The figures at each time, of all images. */
export function rowsOf(
  { neuron, timesteps, session, layers, decoding, sums }: NeuronRun,
  network: SpikingNetwork,
): ComparisonRow[] {
  const { synchronous } = neuronOf(neuron);
  const { windowed } = session.model;
  const { hits, layers: found, seconds } = sums as NeuronSums;
  const { integrates } = network.timetable.layers[readoutOf(network).depth];
  return timesteps.map((t, i) => {
    const { images } = hits[i];
    const figures = diagnosis(diagnosisFrame(network, layers, decoding[i]), found[i], images);
    const hasOutput = !windowed || t > integrates.first;
    return {
      neuron,
      t,
      top1: hasOutput ? accuracyOf(hits[i]).top1 : null,
      sin: figures.sin,
      meanLayerSin: figures.layers.reduce((sum, { sin }) => sum + sin, 0) / Math.max(1, figures.layers.length),
      spikesPerImage: figures.spikesPerImage,
      synapticOperations: figures.energy.synapticOperations,
      convolutions: convolutionsBy(network, t, windowed, synchronous),
      seconds: seconds[i] ?? null,
      layers: figures.layers.map(({ name, sin, spikesPerNeuron, correlation }) => ({ name, sin, spikesPerNeuron, correlation })),
    };
  });
}
