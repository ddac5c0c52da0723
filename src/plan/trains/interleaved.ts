import { INPUT } from '../../ann/ann.ts';
import { OptionError } from '../../errors.ts';
import { aligned } from '../../gpu/bind.ts';
import { type Range, recordOf } from '../../kernels/kernel.ts';
import type { TrainDispatch } from '../../kernels/trains.ts';
import { interleaved } from '../../network/interleave.ts';
import type { SpikingNetwork } from '../../network/network.ts';
import type { Timetable } from '../../network/timetable.ts';
import { ruleOn } from '../../neuron/neuron.ts';
import { fit, type PlanLimits } from '../fit.ts';
import type { BufferPlan, Pass, Program } from '../program.ts';
import { cutStretch, type Steps } from './chunks.ts';
import { laySteps } from './layout.ts';
import { isDue } from './passes.ts';
import { arithmeticsOf, longestWindow, planBatch, type TrainsOptions } from './plan.ts';

/**
 * Two streams of images in one network, interleaved (specification, section 6): a new image every `cycle` steps, one word each, the
 * even ones with one set of membranes and trains, the odd ones with another. The sets share weights, tables and parameters; each
 * is the stepped engine's program with a period of two cycles, in which membranes start anew with every window.
 */
export interface InterleavedProgram extends Program {
  readonly cycle: number;
  /** Steps from an image's onset to its logits. */
  readonly latency: number;
  readonly classes: number;
  /** Of one set, from the onset of its first image. */
  readonly timetable: Timetable;
  /** Steps of a pass, at most. */
  readonly capacity: number;
  /** Those of the first set, then those of the second. */
  readonly dispatches: readonly TrainDispatch[];
  /** The potentials of an image after its last step, in each set. */
  readonly last: readonly [Range, Range];
}

/** Buffers that each set has for itself. */
const OWN: ReadonlySet<string> = new Set([
  ...['spikes', 'membranes', 'counts', 'decoded', 'drive', 'potentials', 'pixels', 'words'],
]);

/**
 * Plans a stream. Pure.
 * @throws OptionError for neurons without windows, without synchronous neurons, and where the pixels are read later than by the first
 * depth; DeviceError where not even one image fits
 */
export function planInterleaved(
  network: SpikingNetwork,
  limits: PlanLimits,
  options: Omit<TrainsOptions, 'timesteps' | 'chunk'>,
): InterleavedProgram {
  const model = ruleOn(options.neuron, network);
  if (!model.windowed || !options.synchronous) {
    const what = 'images are interleaved in neurons with windows and synchronous neurons only';
    throw new OptionError('neuron', 'stream', what, 'use bistable neurons, or run()');
  }
  const late = network.layers.find(
    (layer) => layer.kind !== 'pool' && layer.depth > 1 && layer.terms.some(({ source }) => source === INPUT),
  );
  if (late) {
    const what = `reads the pixels at depth ${late.depth}, when the next image's are there`;
    throw new OptionError('neuron', `layer "${late.name}"`, what, 'use run()');
  }
  const { cycle, latency } = interleaved(network.timetable);
  const timetable = { ...network.timetable, period: 2 * cycle };
  const own = { ...network, timetable };
  const arithmetics = arithmeticsOf(network, options.arithmetic);
  const capacity = longestWindow(timetable);
  return fit(network.name, limits, options, (batch) => {
    const layout = laySteps(own, model, true, batch, capacity);
    const context = { network: own, model, synchronous: true, layout, batch, restarts: true };
    const one = planBatch(context, limits, { ...options, timesteps: cycle, batch }, arithmetics, capacity);
    const slots = Object.fromEntries(Object.entries(one.buffers).map(([name, plan]) => [name, slotOf(name, plan)]));
    const dispatches = [0, 1].flatMap((set) => one.dispatches.map((dispatch) => inSet(dispatch, set, slots)));
    const row = one.buffers.potentials.bytes / cycle;
    const at = (set: number): Range => ({ offset: set * slots.potentials + ((latency - 1) % cycle) * row, size: row });
    const padding = one.contents.filter(({ buffer }) => OWN.has(buffer));
    return [
      {
        network: network.name,
        batch,
        cycle,
        latency,
        classes: one.classes,
        timetable,
        capacity,
        dispatches,
        buffers: Object.fromEntries(
          Object.entries(one.buffers).map(([name, plan]) => [name, OWN.has(name) ? { ...plan, bytes: 2 * slots[name] } : plan]),
        ),
        contents: [...padding.map((content) => ({ ...content, offset: content.offset + slots[content.buffer] })), ...one.contents],
        results: [],
        last: [at(0), at(1)],
      } satisfies InterleavedProgram,
    ];
  });
}

const slotOf = (name: string, { bytes }: BufferPlan): number => (OWN.has(name) ? aligned(bytes) : 0);

/** A dispatch with the buffers of one set. */
function inSet(dispatch: TrainDispatch, set: number, slots: Readonly<Record<string, number>>): TrainDispatch {
  const names = new Set(recordOf(dispatch.kernel).bindings.map(({ name }) => name));
  const ranges = [...names].flatMap((name) =>
    OWN.has(name) ? [[name, { offset: set * slots[name], size: slots[name] }] as const] : [],
  );
  return { ...dispatch, ranges: { ...dispatch.ranges, ...Object.fromEntries(ranges) } };
}

/**
 * The passes of one cycle, in which an image begins (or would, at the end of a stream): those of each set for itself, whose steps are
 * counted from the onset of its first image. Pure.
 * @param index of the cycle
 */
export function passesOfCycle({ cycle, timetable, capacity, dispatches }: InterleavedProgram, index: number): Pass<Steps>[] {
  const half = dispatches.length / 2;
  return [0, 1].flatMap((set) => {
    if (index < set) return [];
    return cutStretch(timetable, (index - set) * cycle, cycle, capacity).map((chunk) => {
      const due = Array.from({ length: half }, (_, i) => set * half + i).filter((d) =>
        isDue(dispatches[d].when, chunk, timetable.period, 'dense'),
      );
      return { chunk, dispatches: due, mark: null };
    });
  });
}
