import type { Shape } from '../ann/ann.ts';
import { shapeSize } from '../ann/ann.ts';
import { WORKGROUP } from '../gpu/bind.ts';
import type { LayerSums } from '../network/diagnosis.ts';
import { areaOf } from './geometry.ts';
import { type Dispatch, PLAIN } from './kernel.ts';

/** Pairs of a neuron and an image that one invocation looks at. */
const PAIRS = 64;

/** Members of a `Partial`, in the shader's order: first the integers, then f32. */
export const PARTIAL = [
  'inactive',
  'sin',
  'spiking',
  'saturated',
  'spikes',
  'operationsLow',
  'operationsHigh',
  'activation',
  'activationSquare',
  'decoded',
  'decodedSquare',
  'product',
  'absoluteError',
] as const;

/** Bytes of the partial sums of one workgroup. */
export const PARTIAL_BYTES = PARTIAL.length * 4;

const FIRST_REAL = PARTIAL.indexOf('activation');

/** Workgroups, hence partial sums, of a layer. */
export const diagnoseWorkgroups = (neurons: number, batch: number): number => Math.ceil((neurons * batch) / (PAIRS * WORKGROUP));

/** Where a layer that is diagnosed lies in the buffers. */
export interface Diagnosed {
  readonly layer: number;
  readonly name: string;
  readonly shape: Shape;
  /** Images in the layout of the counts, and in that of the activations. */
  readonly batch: number;
  readonly cellBatch: number;
  /** First entries: of its activations, of its counts, of its fan-out, of its channels' 1/λ, of its partial sums. */
  readonly cells: number;
  readonly counts: number;
  readonly fanOut: number;
  readonly shares: number;
  readonly partials: number;
}

/**
 * One layer against the trained network, as partial sums of each workgroup (`shaders/diagnose.wgsl`). How its spikes are read
 * (`unit`, `saturation`) is said before each batch.
 */
export function diagnose({ layer, name, shape, ...at }: Diagnosed): Dispatch {
  const neurons = shapeSize(shape);
  const workgroups = diagnoseWorkgroups(neurons, at.batch);
  const parameters = { neurons, area: areaOf(shape), workgroups, ...at };
  return { ...PLAIN, kernel: 'diagnose', layer, name, parameters, invocations: workgroups * WORKGROUP };
}

/** The sums of all partials, in double precision. */
export function addPartials(partials: ArrayBuffer): LayerSums {
  const integers = new Uint32Array(partials);
  const reals = new Float32Array(partials);
  const sums = Object.fromEntries(PARTIAL.map((name) => [name, 0])) as Record<(typeof PARTIAL)[number], number>;
  for (let at = 0; at < integers.length; at += PARTIAL.length) {
    PARTIAL.forEach((name, i) => {
      sums[name] += i < FIRST_REAL ? integers[at + i] : reals[at + i];
    });
  }
  const { operationsLow, operationsHigh, ...rest } = sums;
  return { ...rest, operations: operationsHigh * 2 ** 32 + operationsLow };
}
