/** Convolutions on parts, exact compositions with what waits for its ReLU included. */

import type { AnnTerm, Convolution, Window } from '../../ann/ann.ts';
import type { Node } from '../../graph/graph.ts';
import { cannot, type Lowering, takeRoom } from '../lowering.ts';
import { hasBias, type Part, partShape, type Sum, type Value } from '../value.ts';
import { densify, scaleInputs, takeInputs } from './terms.ts';

type Weights = Float32Array<ArrayBufferLike>;

/** Terms and bias of a linear operator, before both are put into a sum. */
export interface Summands {
  readonly terms: readonly AnnTerm[];
  readonly bias: Float64Array;
}

/**
 * A convolution over all channels of a value: one term for each part, with the part's columns of the weights
 * ([outputs][inputs / groups][kernel y][kernel x]). Throws `UnsupportedModelError` for a part that is itself a linear sum which
 * cannot be composed exactly.
 */
export function convolveParts(
  value: Value,
  operator: Convolution<Weights>,
  outputs: number,
  node: Node,
  lowering: Lowering,
): Summands {
  if (value.parts.length === 1) return convolvePart(value.parts[0], operator, outputs, node, lowering);
  const channels = value.parts.map((part) => partShape(part).channels);
  const inputs = channels.reduce((a, b) => a + b, 0);
  const [ky, kx] = operator.window.kernel;
  takeRoom(lowering, outputs * inputs * ky * kx, node);
  const dense = densify(operator, outputs, inputs);
  let from = 0;
  const each = value.parts.map((part, i) => {
    const columns = takeInputs(dense, outputs, from, channels[i]);
    from += channels[i];
    return convolvePart(part, columns, outputs, node, lowering);
  });
  return joinSummands(each, outputs);
}

/** All terms, and the sum of the biases. */
export function joinSummands(each: readonly Summands[], outputs: number): Summands {
  const bias = new Float64Array(outputs);
  for (const { bias: b } of each) for (let o = 0; o < outputs; o++) bias[o] += b[o];
  return { terms: each.flatMap(({ terms }) => terms), bias };
}

/** A convolution over one part. */
export function convolvePart(
  part: Part,
  operator: Convolution<Weights>,
  outputs: number,
  node: Node,
  lowering: Lowering,
): Summands {
  if (part.kind === 'finished') return { terms: [{ source: part.source, operator }], bias: new Float64Array(outputs) };
  refuseUnlessComposable(part, operator.window, node);
  takeRoom(lowering, part.terms.length * operator.weights.length, node);
  const terms = part.terms.map(({ source, operator: factor }) => ({
    source,
    operator: scaleInputs(operator, factor.weights, outputs),
  }));
  return { terms, bias: throughBias(part, operator, outputs) };
}

function refuseUnlessComposable(sum: Sum, window: Window, node: Node): void {
  const between = `between it and "${sum.name}"`;
  if (sum.pools.length > 0 || sum.terms.some(({ operator }) => operator.type !== 'identity')) {
    const what = `two linear operators without ReLU ${between}`;
    throw cannot(node, what, 'put a ReLU between them, or multiply them into one before export', 'linear-without-relu');
  }
  if (hasBias(sum) && window.pads.some((p) => p !== 0)) {
    const what = `a bias without ReLU ${between}, and zero padding behind it`;
    throw cannot(
      node,
      what,
      'leave normalisation of pixels to mean and std of the sidecar, or put a ReLU between',
      'linear-without-relu',
    );
  }
}

/** What a convolution without padding makes of a constant per input channel. */
function throughBias(sum: Sum, { weights, window, groups }: Convolution<Weights>, outputs: number): Float64Array {
  const bias = new Float64Array(outputs);
  if (!hasBias(sum)) return bias;
  const spot = window.kernel[0] * window.kernel[1];
  const columns = weights.length / outputs / spot;
  const perGroup = outputs / groups;
  for (let i = 0; i < weights.length; i++) {
    const column = Math.floor(i / spot);
    const output = Math.floor(column / columns);
    bias[output] += weights[i] * sum.bias[Math.floor(output / perGroup) * columns + (column % columns)];
  }
  return bias;
}
