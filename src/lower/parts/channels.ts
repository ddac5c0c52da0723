/**
 * The channels of a value along one axis or several, some of them or in another order. Only what they are seen as changes: parts stay as
 * they are, or become smaller.
 */

import { elementCount, type Node } from '../../graph/graph.ts';
import { cannot, type Lowering, takeRoom } from '../lowering.ts';
import { type Part, partShape, type Value } from '../value.ts';
import { isGrouped, runsOver } from './axes.ts';
import { pickChannels } from './pick.ts';

/** The dimensions that channels lie along alone: one, or several in groups. */
function channelDims(value: Value): number[] {
  const all = value.axes.map((_, i) => i);
  if (isGrouped(value)) return all.filter((i) => value.axes[i] === 'g');
  return all.filter((i) => value.axes[i].includes('c') && runsOver(value, i, 'c'));
}

/** Whether channels, or groups of channels, lie along an axis. */
export const isChannelAxis = (axis: number, value: Value): boolean => channelDims(value).includes(axis);

/** The channels at some positions along an axis. */
export function takeChannels(value: Value, axis: number, at: readonly number[], node: Node, lowering: Lowering): Value {
  const axes = channelDims(value);
  const along = axes.indexOf(axis);
  const from = axes.map((i) => value.dims[i]);
  const picked = positions(from.with(along, at.length), (index) => index.with(along, at[index[along]]), from, node, lowering);
  return { ...value, dims: value.dims.with(axis, at.length), ...chooseParts(value, picked, node, lowering) };
}

/** The order of a value's channels when its axes stand in another order. */
export function permuteChannels(value: Value, perm: readonly number[], node: Node, lowering: Lowering): Value['order'] {
  const axes = channelDims(value);
  const moved = perm.filter((axis) => axes.includes(axis));
  if (moved.every((axis, i) => axis === axes[i])) return value.order;
  const [from, to] = [axes, moved].map((list) => list.map((axis) => value.dims[axis]));
  const seen = positions(to, (index) => axes.map((axis) => index[moved.indexOf(axis)]), from, node, lowering);
  return unlessStraight(seen.map((c) => value.order?.[c] ?? c));
}

/** For each channel in groups of `dims`, which one in those of `from` it is. */
function positions(
  dims: readonly number[],
  place: (index: number[]) => readonly number[],
  from: readonly number[],
  node: Node,
  lowering: Lowering,
): number[] {
  const count = elementCount(dims);
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
export const unlessStraight = (order: readonly number[]) => (order.every((at, i) => at === i) ? undefined : order);
