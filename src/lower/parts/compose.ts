/** Convolutions on parts, exact compositions with what waits for its ReLU included. */

import { type AnnTerm, type Convolution, windowOutput } from '../../ann/ann.ts';
import type { Node } from '../../graph/graph.ts';
import { type Lowering, takeRoom } from '../lowering.ts';
import { hasBias, hasPads, type Part, partShape, type Sum, type Value } from '../value.ts';
import { type ChainSize, chainOperators, chainSize, isZeroOutside } from './chain.ts';
import { withoutPools } from './maximum.ts';
import { biasAsTerm } from './ones.ts';
import { layersOf, settle, sumCost } from './settle.ts';
import { densify, takeInputs } from './terms.ts';

type Weights = Float32Array<ArrayBufferLike>;

/** Terms and bias of a linear operator, before both are put into a sum. */
export interface Summands {
  readonly terms: readonly AnnTerm[];
  readonly bias: Float64Array;
}

/**
 * A convolution over all channels of a value: one term for each layer that a part reads, with the part's columns of the weights
 * ([outputs][inputs / groups][kernel y][kernel x]).
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

/** A convolution over one part: of a layer's output one term, of a sum what `readable` makes of it. */
export function convolvePart(
  part: Part,
  operator: Convolution<Weights>,
  outputs: number,
  node: Node,
  lowering: Lowering,
): Summands {
  if (part.kind === 'finished') return { terms: [{ source: part.source, operator }], bias: new Float64Array(outputs) };
  const sum = readable(withoutPools(part, node, lowering), operator, outputs, node, lowering);
  const middle = sum.shape.channels;
  const terms = sum.terms.map(({ source, operator: first }): AnnTerm => {
    const { weights, effort } = chainSize(first, operator, middle, outputs);
    takeRoom(lowering, weights, node);
    lowering.effort.left -= effort;
    return { source, operator: chainOperators(first, operator, middle, outputs) };
  });
  return { terms, bias: throughBias(sum, operator, outputs) };
}

/**
 * A sum in the form in which a convolution of it is one linear operator, exactly: as it is, with its bias as a term (before padding),
 * or over layers of its own, whichever costs fewest multiply-adds.
 */
function readable(sum: Sum, operator: Convolution<Weights>, outputs: number, node: Node, lowering: Lowering): Sum {
  const padded = hasPads(operator.window.pads);
  if (padded && !sum.terms.every((term) => isZeroOutside(term.operator))) return settle(sum, node, lowering);
  const { shape } = sum;
  const [height, width] = windowOutput(shape, operator.window);
  const readers = lowering.readers.get(node.inputs[0] ?? '') ?? 1;
  const sizes = sum.terms.map((term) => chainSize(term.operator, operator, shape.channels, outputs));
  const total = (of: keyof ChainSize) => sizes.reduce((all, size) => all + size[of], 0);
  const again = readers * total('weights') * height * width;
  const once = layersOf(sum, lowering) * (sumCost(sum) + readers * operator.weights.length * height * width);
  const tooMuch = total('weights') > lowering.room.left || total('effort') > lowering.effort.left;
  if (again > once || tooMuch) return settle(sum, node, lowering);
  return padded && hasBias(sum) ? biasAsTerm(sum, node, lowering) : sum;
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
