/**
 * The channels of a value along one axis or several, some of them or in another order. Only what they are seen as changes: parts stay as
 * they are, or become smaller.
 */

import { elementCount, type Node } from '../../graph/graph.ts';
import { cannot, type Lowering, takeRoom } from '../lowering.ts';
import { channelCount, type Part, partShape, type Value } from '../value.ts';
import { pickChannels } from './pick.ts';

/** How many of the first axes have the batch and the channels, with the map behind them; `undefined` where no axis ends with the channels. */
function channelAxes({ dims, parts }: Pick<Value, 'dims' | 'parts'>, { batch }: Lowering): number | undefined {
  const [{ height, width }] = parts.map(partShape);
  if (parts.map(partShape).some((shape) => shape.height !== height || shape.width !== width)) return undefined;
  if (batch > 1 && dims[0] !== batch) return undefined;
  const channels = channelCount({ parts });
  const endsAt = (count: number) => elementCount(dims.slice(0, count)) === batch * channels;
  const count = dims[0] === batch && dims[1] === channels ? 2 : dims.findIndex((_, i) => endsAt(i + 1)) + 1;
  return count > 0 && elementCount(dims.slice(count)) === height * width ? count : undefined;
}

/** Whether dims show the channels along several axes. */
export const showsGroups = (dims: readonly number[], value: Value, lowering: Lowering): boolean =>
  channelAxes({ dims, parts: value.parts }, lowering) !== undefined;

/** Whether channels, or groups of channels, lie along an axis. */
export const isChannelAxis = (axis: number, value: Value, lowering: Lowering): boolean =>
  axis < (channelAxes(value, lowering) ?? 0) && (axis > 0 || (lowering.batch === 1 && value.dims[0] > 1));

/** The channels at some positions along an axis. */
export function takeChannels(value: Value, axis: number, at: readonly number[], node: Node, lowering: Lowering): Value {
  const count = channelAxes(value, lowering) ?? 0;
  const from = value.dims.slice(0, count);
  const picked = positions(from.with(axis, at.length), (index) => index.with(axis, at[index[axis]]), from, node, lowering);
  return { ...value, dims: value.dims.with(axis, at.length), ...chooseParts(value, picked, node, lowering) };
}

/** The value with its axes of channels in another order; `undefined` where other axes move. */
export function shuffleChannels(value: Value, perm: readonly number[], node: Node, lowering: Lowering): Value | undefined {
  const count = channelAxes(value, lowering);
  const inner = perm.slice(0, count);
  if (!count || inner.some((axis) => axis >= count) || perm.slice(count).some((axis, i) => axis !== count + i)) return undefined;
  if (lowering.batch > 1 && perm[0] !== 0) return undefined;
  const from = value.dims.slice(0, count);
  const to = inner.map((axis) => from[axis]);
  const moved = positions(to, (index) => from.map((_, axis) => index[inner.indexOf(axis)]), from, node, lowering);
  const order = unlessStraight(moved.map((c) => value.order?.[c] ?? c));
  return { ...value, dims: perm.map((axis) => value.dims[axis]), order, grouped: true };
}

/** For each channel of `dims` (the batch aside), which one of `from` it is. */
function positions(
  dims: readonly number[],
  place: (index: number[]) => readonly number[],
  from: readonly number[],
  node: Node,
  lowering: Lowering,
): number[] {
  const count = elementCount(dims) / lowering.batch;
  takeRoom(lowering, count, node);
  return Array.from({ length: count }, (_, channel) => {
    const index = new Array<number>(dims.length).fill(0);
    for (let axis = dims.length - 1, rest = channel; axis >= 0; axis--) {
      index[axis] = rest % dims[axis];
      rest = Math.floor(rest / dims[axis]);
    }
    return place(index).reduce((at, along, axis) => at * from[axis] + along, 0);
  });
}

/** A channel may be taken so often. */
const MAXIMUM_COPIES = 16;

/** Parts of the picked channels and the order in which they are seen; a channel that is picked again is in a part of its own. */
function chooseParts(value: Value, picked: readonly number[], node: Node, lowering: Lowering) {
  const times = new Map<number, number>();
  const wanted = picked.map((position) => {
    const channel = value.order?.[position] ?? position;
    const copy = times.get(channel) ?? 0;
    times.set(channel, copy + 1);
    return { channel, copy };
  });
  const copies = wanted.reduce((most, { copy }) => Math.max(most, copy + 1), 0);
  if (copies > MAXIMUM_COPIES) throw cannot(node, `a channel taken ${copies} times`, 'take channels once');
  const parts: Part[] = [];
  const places = Array.from({ length: copies }, () => new Map<number, number>());
  let count = 0;
  for (const [copy, place] of places.entries()) {
    let from = 0;
    for (const part of value.parts) {
      const { channels } = partShape(part);
      const own = Array.from({ length: channels }, (_, c) => c).filter((c) => (times.get(from + c) ?? 0) > copy);
      for (const c of own) place.set(from + c, count++);
      if (own.length > 0) parts.push(own.length === channels ? part : pickChannels(part, own, node, lowering));
      from += channels;
    }
  }
  return { parts, order: unlessStraight(wanted.map(({ channel, copy }) => places[copy].get(channel)!)) };
}

/** An order, unless everything is in its place. */
const unlessStraight = (order: readonly number[]) => (order.every((at, i) => at === i) ? undefined : order);
