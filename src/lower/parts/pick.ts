/** Some channels of a part, in any order. */

import { type AnnPool, type AnnTerm, INPUT } from '../../ann/ann.ts';
import type { Node } from '../../graph/graph.ts';
import { cannot, type Lowering, takeRoom } from '../lowering.ts';
import { type Finished, type Part, partShape, type Sum, type Value } from '../value.ts';
import { addPool, asSum } from './layers.ts';
import { withoutPools } from './maximum.ts';
import { arrangeOutputs, densify } from './terms.ts';

/**
 * A part of the picked channels alone. Of a layer, these are a layer of its rows (the first one goes where nobody else reads it), so that
 * nothing is computed twice when a layer is split; of a sum over layers of its own, each of those.
 */
export function pickChannels(part: Part, picked: readonly number[], node: Node, lowering: Lowering): Part {
  const layer = part.kind === 'finished' ? pickLayer(part, picked, node, lowering) : undefined;
  if (part.kind === 'sum' && lowering.settled.get(part) === part) return pickSettled(part, picked, node, lowering);
  return layer ?? pickRows(asSum(part, node.name), picked, node, lowering);
}

/** The picked channels of twins are twins. */
function pickSettled(sum: Sum, picked: readonly number[], node: Node, lowering: Lowering): Sum {
  const layers = sum.terms.map(({ source }) => pickLayer({ kind: 'finished', source, shape: sum.shape }, picked, node, lowering));
  const terms = sum.terms.map(({ source, operator }, i): AnnTerm => {
    const weights = Float32Array.from(picked, (c) => operator.weights[c]);
    return { source: layers[i]?.source ?? source, operator: { type: 'identity', weights } };
  });
  const shape = { ...sum.shape, channels: picked.length };
  const settled: Sum = { ...sum, shape, terms, bias: Float64Array.from(picked, (c) => sum.bias[c]) };
  lowering.settled.set(settled, settled);
  return settled;
}

/** The channels of a value in their order, for those that cannot do with another. */
export function settleOrder(value: Value, node: Node, lowering: Lowering): Value {
  const { order, ...rest } = value;
  if (!order) return value;
  if (value.parts.length === 1) return { ...rest, parts: [pickChannels(value.parts[0], order, node, lowering)] };
  const sizes = new Set(value.parts.map(partShape).map(({ height, width }) => `${height}×${width}`));
  if (sizes.size > 1)
    throw cannot(node, `maps of ${[...sizes].join(' and ')}`, 'join maps before they are flattened', 'unsupported-shape');
  let from = 0;
  const sums = value.parts.map((part) => {
    const sum = withoutPools(asSum(part, node.name), node, lowering);
    const { channels } = sum.shape;
    const rows = order.map((at) => (at >= from && at < from + channels ? at - from : -1));
    from += channels;
    return pickRows(sum, rows, node, lowering);
  });
  const bias = sums[0].bias.map((_, c) => sums.reduce((total, sum) => total + sum.bias[c], 0));
  return { ...rest, parts: [{ ...sums[0], terms: sums.flatMap(({ terms }) => terms), bias }] };
}

/** Rows of a sum; −1 is a row of zeros. */
function pickRows(sum: Sum, picked: readonly number[], node: Node, lowering: Lowering): Sum {
  const channels = picked.length;
  const terms = sum.terms.map((term) => pickTerm(term, sum.shape.channels, picked, node, lowering));
  const bias = Float64Array.from(picked, (c) => sum.bias[c] ?? 0);
  const pools = sum.pools.map((pool) => ({ ...pool, shape: { ...pool.shape, channels } }));
  return { ...sum, shape: { ...sum.shape, channels }, terms, bias, pools };
}

function pickTerm(
  { source, operator }: AnnTerm,
  outputs: number,
  picked: readonly number[],
  node: Node,
  lowering: Lowering,
): AnnTerm {
  const [ky, kx] = operator.type === 'identity' ? [1, 1] : operator.window.kernel;
  const groups = operator.type === 'identity' ? outputs : operator.groups;
  const inputs = (operator.weights.length / outputs / ky / kx) * groups;
  takeRoom(lowering, Math.max(picked.length, groups > 1 ? outputs : 0) * inputs * ky * kx, node);
  return { source, operator: arrangeOutputs(densify(operator, outputs, inputs), outputs, picked) };
}

/** A layer of some channels of another, behind the same pools; `undefined` of pixels. */
function pickLayer(part: Finished, picked: readonly number[], node: Node, lowering: Lowering): Finished | undefined {
  const pools: AnnPool[] = [];
  let source = part.source;
  for (let layer = lowering.layers[source]; source !== INPUT && layer.kind === 'pool'; layer = lowering.layers[source]) {
    pools.push(layer);
    source = layer.source;
  }
  const layer = lowering.layers[source];
  if (source === INPUT || layer.kind !== 'neurons') return undefined;
  const channels = picked.length;
  const terms = layer.terms.map((term) => pickTerm(term, layer.shape.channels, picked, node, lowering));
  const bias = Float32Array.from(picked, (c) => layer.bias[c]);
  const shape = { ...layer.shape, channels };
  const rows = lowering.layers.push({ ...layer, name: `${layer.name}/${node.name}`, shape, terms, bias }) - 1;
  return pools.reduceRight<Finished>(
    (from, { source: _, kind: _kind, ...pool }) =>
      addPool(from.source, { ...pool, name: `${pool.name}/${node.name}`, shape: { ...pool.shape, channels } }, lowering),
    { kind: 'finished', source: rows, shape },
  );
}
