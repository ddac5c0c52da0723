/** Activations that are rounded to steps, as those of quantised networks are (specification, section 7). */

import { type AnnNeurons, INPUT, stepOf } from '../../ann/ann.ts';
import type { Node } from '../../graph/graph.ts';
import { roundToEven } from '../fold/arithmetic.ts';
import { type Lowering, takeRoom } from '../lowering.ts';
import { type Finished, isZero, type Part, partShape, type Sum, zeroSum } from '../value.ts';
import { activateSum, addNeurons, addPool, asSum, BOUNDLESS, isNonNegative, type Pool } from './layers.ts';
import { scaleOutputs } from './terms.ts';

/** Multiples of a step: from low · step to high · step, whole numbers both. */
export interface Steps {
  readonly step: number;
  readonly low: number;
  readonly high: number;
}

/** What words can hold. Finer steps are finer than any word's, so that only their bounds count. */
const MOST_BITS = 8;
/** Deviation from a whole number, or of one step from another, that is f32's alone. */
const EPSILON = 1e-4;

/** The nearest of the steps, halves to even: a layer of neurons, where the part is not of these steps already. */
export function roundPart(part: Part, name: string, steps: Steps, lowering: Lowering): Part {
  if (part.kind === 'sum' && isZero(part)) return part;
  if (isOfSteps(part, steps, lowering)) return part;
  if (part.kind === 'sum') return roundSum(part, name, steps, lowering);
  if (!isNonNegative(part.source, lowering)) return roundSum(asSum(part, name), name, steps, lowering);
  return roundNonNegative(part, name, { ...steps, low: 0 }, lowering);
}

/** Rounding takes the place of a layer's own ReLU or clip, also of one before max pools, which it changes places with. */
function roundNonNegative(part: Finished, name: string, steps: Steps, lowering: Lowering): Part {
  const { source, pools } = belowMaxima(part.source, lowering);
  const layer = lowering.layers[source];
  if (layer.kind === 'neurons' && layer.bits === undefined) {
    const rounded = roundLayer(layer, source, name, steps, lowering);
    if (pools.length === 0) return rounded;
    if (rounded.kind === 'finished') return pools.reduceRight((below, pool) => addPool(below.source, pool, lowering), rounded);
  }
  return roundSum(asSum(part, name), name, steps, lowering);
}

/** Made once for all that round the layer in the same way. */
function roundLayer(layer: AnnNeurons, source: number, name: string, steps: Steps, lowering: Lowering): Part {
  const key = JSON.stringify(['rounded', source, steps]);
  const known = lowering.pools.get(key);
  if (known !== undefined) return { kind: 'finished', source: known, shape: layer.shape };
  const high = Math.min(steps.high, roundToEven(layer.ceiling / steps.step));
  const rounded = roundSum(sumOf(layer), name, { ...steps, high }, lowering);
  if (rounded.kind === 'finished') lowering.pools.set(key, rounded.source);
  return rounded;
}

/** The first source that is no max pool, and the pools over it, the last one first. */
function belowMaxima(from: number, { layers }: Lowering): { readonly source: number; readonly pools: readonly Pool[] } {
  const pools: Pool[] = [];
  let source = from;
  for (
    let layer = layers[source];
    layer.kind === 'pool' && layer.mode === 'max' && layer.source !== INPUT;
    layer = layers[source]
  ) {
    const { kind: _, source: below, ...pool } = layer;
    pools.push(pool);
    source = below;
  }
  return { source, pools };
}

/** The nearest of the steps of a sum. */
export function roundSum(sum: Sum, name: string, steps: Steps, lowering: Lowering): Part {
  return affine(roundAbove(sum, name, steps, lowering), name, 1, steps.low * steps.step);
}

/**
 * How far the nearest of the steps of a sum lies above the lowest of them: neurons of as many bits as hold the steps. Where these are fewer
 * than 2^bits − 1, a second layer cuts off what is above them: top − relu(top − x).
 */
function roundAbove(sum: Sum, name: string, { step, low, high }: Steps, lowering: Lowering): Part {
  if (high === low) return zeroSum(name, partShape(sum));
  const shifted = { ...sum, bias: sum.bias.map((b) => b - low * step) };
  const bits = Math.ceil(Math.log2(high - low + 1));
  const top = (high - low) * step;
  if (bits > MOST_BITS) return activateSum(shifted, name, top, lowering);
  const ceiling = (2 ** bits - 1) * step;
  const rounded = activateSum(shifted, name, ceiling, lowering, bits);
  if (high - low === 2 ** bits - 1) return rounded;
  const below = affine(rounded, name, -1, top);
  return affine(addNeurons(asSum(below, name), `${name}/cut`, ceiling, lowering, bits), name, -1, top);
}

/** factor · part + offset. */
function affine(part: Part, name: string, factor: number, offset: number): Part {
  if (factor === 1 && offset === 0) return part;
  const sum = asSum(part, name);
  const factors = new Float32Array(sum.bias.length).fill(factor);
  const terms = sum.terms.map(({ source, operator }) => ({ source, operator: scaleOutputs(operator, factors) }));
  return { ...sum, name, terms, bias: sum.bias.map((b) => factor * b + offset) };
}

/** A layer's sum, before its ReLU. */
const sumOf = ({ name, shape, terms, bias }: AnnNeurons): Sum => ({
  kind: 'sum',
  name,
  shape,
  terms,
  bias: Float64Array.from(bias),
  pools: [],
});

/** factor · (a layer of neurons) + offset, the same in all channels. */
interface Multiple {
  readonly layer: AnnNeurons;
  /** Index of the layer, or of a max pool over it. */
  readonly source: number;
  readonly factor: number;
  readonly offset: number;
}

function multipleOf(part: Part, lowering: Lowering): Multiple | undefined {
  const { terms, bias, pools } = asSum(part, '');
  if (terms.length !== 1 || terms[0].operator.type !== 'identity' || terms[0].source === INPUT || pools.length > 0)
    return undefined;
  const [{ source, operator }] = terms;
  const [factor, offset] = [operator.weights[0], bias[0]];
  const even = operator.weights.every((w) => w === factor) && bias.every((b) => b === offset);
  const layer = lowering.layers[belowMaxima(source, lowering).source];
  return even && factor > 0 && layer.kind === 'neurons' ? { layer, source, factor, offset } : undefined;
}

/** The step of a layer that rounds, and how many it has. */
const grid = (layer: AnnNeurons): { step: number; most: number } =>
  layer.bits === BOUNDLESS
    ? { step: 1, most: Number.POSITIVE_INFINITY }
    : { step: stepOf(layer), most: 2 ** (layer.bits ?? 0) - 1 };

/** Whether rounding to these steps would change nothing, since a layer has done it. */
function isOfSteps(part: Part, { step, low, high }: Steps, lowering: Lowering): boolean {
  const multiple = multipleOf(part, lowering);
  if (!multiple?.layer.bits) return false;
  const { layer, factor, offset } = multiple;
  const own = grid(layer);
  const first = whole(offset / step);
  return Math.abs((factor * own.step) / step - 1) < EPSILON / own.most && first >= low && first + own.most <= high;
}

/** A number without f32's rounding, if it is a whole one; else NaN. */
function whole(x: number): number {
  const nearest = Math.round(x);
  return x === nearest || Math.abs(x - nearest) < EPSILON ? nearest : Number.NaN;
}

/**
 * clip(x, 0, ceiling) of multiples of a layer that rounds, where both bounds are steps of it: the same layer with other bounds, or
 * the part as it is where nothing of it is beyond them. `undefined` where it is anything else.
 */
export function clipSteps(part: Part, name: string, ceiling: number, lowering: Lowering): Part | undefined {
  const multiple = multipleOf(part, lowering);
  if (multiple?.layer.bits === undefined || lowering.layers[multiple.source] !== multiple.layer) return undefined;
  const { layer, factor, offset } = multiple;
  const { step, most } = grid(layer);
  const least = layer.bits === BOUNDLESS ? Number.NEGATIVE_INFINITY : 0;
  const [first, last] = [0, ceiling].map((bound) => (bound - offset) / (factor * step));
  const low = first <= least ? least : whole(first);
  const high = last >= most ? most : whole(last);
  if (!(high > low && Number.isFinite(high - low))) return undefined;
  if (low === least && high === most) return part;
  return affine(roundAbove(sumOf(layer), name, { step, low, high }, lowering), name, factor, low === least ? offset : 0);
}

/**
 * Whole numbers of what is computed: ⌊x⌋ or the nearest. Where the part is a clipped layer its bounds are those of the whole numbers; else
 * a clip must follow that has them.
 */
export function roundWhole(sum: Sum, name: string, rounding: 'down' | 'nearest', node: Node, lowering: Lowering): Part {
  const half = rounding === 'down' ? -0.5 : 0;
  const end = (x: number) => (rounding === 'down' ? Math.floor(x + EPSILON) : roundToEven(x));
  const multiple = multipleOf(sum, lowering);
  if (multiple && multiple.layer.bits === undefined && lowering.layers[multiple.source] === multiple.layer) {
    const { layer, factor, offset } = multiple;
    const [low, high] = [end(offset), end(factor * layer.ceiling + offset)];
    for (const { operator } of layer.terms) takeRoom(lowering, operator.weights.length, node);
    const scaled = asSum(affine(sumOf(layer), name, factor, offset + half), name);
    if (high > low && Number.isFinite(high)) return roundSum(scaled, name, { step: 1, low, high }, lowering);
  }
  const shifted = asSum(affine(sum, name, 1, half), name);
  return addNeurons(shifted, name, Number.POSITIVE_INFINITY, lowering, BOUNDLESS);
}
