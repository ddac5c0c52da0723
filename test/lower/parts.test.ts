/** Layouts, places of features, constants by channel, windows, outputs: what needs no graph. */

import { describe, expect, it } from 'vitest';
import type { Node, Tensor } from '../../src/graph/graph.ts';
import { perChannel } from '../../src/lower/operators/scale.ts';
import { chooseOutput } from '../../src/lower/output.ts';
import { featuresOf, runsOver, withDims } from '../../src/lower/parts/axes.ts';
import { clipWindow } from '../../src/lower/parts/window.ts';
import { hasPads, NO_PADS, type Pads, type Value } from '../../src/lower/value.ts';

type Size = readonly [channels: number, height: number, width: number];

const value = (dims: number[], axes: string[], ...sizes: Size[]): Value => ({
  ...{ dims, axes, pads: NO_PADS },
  parts: sizes.map(([channels, height, width]) => ({ kind: 'finished', source: 0, shape: { channels, height, width } })),
});
/** Channels first, of a batch. */
const maps = (size: Size, batch = 1) => value([batch, ...size], ['n', 'c', 'h', 'w'], size);
const node: Node = { name: 'the node', operator: 'Mul', inputs: [], outputs: ['y'], attributes: new Map() };

describe('other dims for the same values', () => {
  it.each<[Size, number[], string | undefined]>([
    [[4, 8, 6], [1, 192], 'n,chw'],
    [[4, 8, 6], [1, 4, 48], 'n,c,hw'],
    [[4, 8, 6], [1, 32, 6], 'n,ch,w'],
    [[4, 8, 6], [192], 'chw'],
    [[4, 8, 6], [4, 8, 6], 'c,h,w'],
    [[4, 8, 6], [1, 4, 8, 6, 1], 'n,c,h,w,'],
    [[4, 8, 6], [1, 1, 192], 'n,,chw'],
    [[4, 8, 6], [1, 2, 2, 8, 6], 'n,g,g,h,w'],
    // parts of the height, or of channels with it
    [[4, 8, 6], [1, 2, 16, 6], undefined],
    [[4, 8, 6], [1, 4, 6, 8], undefined],
    [[4, 8, 6], [1, 8, 24], undefined],
    [[4, 8, 6], [1, 3, 64], undefined],
    // too little, too much, none
    [[4, 8, 6], [1, 4, 8], undefined],
    [[4, 8, 6], [1, 4, 8, 6, 2], undefined],
    [[1, 1, 1], [], undefined],
    // axes of size 1 may lie anywhere
    [[4, 1, 6], [1, 4, 6], 'n,c,w'],
    [[4, 1, 6], [1, 4, 1, 6], 'n,c,h,w'],
    [[4, 1, 6], [1, 24], 'n,cw'],
    [[4, 1, 6], [4, 1, 6], 'c,n,w'],
    [[5, 1, 1], [1, 5], 'n,c'],
    [[5, 1, 1], [1, 1, 5], 'n,w,c'],
    [[5, 1, 1], [1, 5, 1, 1], 'n,c,h,w'],
    [[1, 1, 1], [1, 1], 'n,c'],
    [[4, 1, 1], [1, 2, 2, 1, 1], 'n,g,g,h,w'],
  ])('%j as %j', (size, dims, axes) => {
    const found = withDims(maps(size), dims, 1);
    expect(found && [found.dims, found.axes]).toEqual(axes && [dims, axes.split(',')]);
  });

  it.each<[number[], string | undefined]>([
    [[2, 192], 'n,chw'],
    [[2, 4, 8, 6], 'n,c,h,w'],
    [[2, 2, 2, 8, 6], 'n,g,g,h,w'],
    // images beside channels
    [[4, 96], undefined],
    [[8, 48], undefined],
    [[384], undefined],
  ])('of a batch of 2: %j', (dims, axes) => {
    expect(withDims(maps([4, 8, 6], 2), dims, 2)?.axes).toEqual(axes?.split(','));
  });

  it('maps that were flattened one by one stay a vector', () => {
    const apart = value([1, 15], ['n', 'pchw'], [2, 2, 3], [3, 1, 1]);
    expect(withDims(apart, [1, 15], 1)?.axes).toEqual(['n', 'pchw']);
    expect(withDims(apart, [15], 1)).toBeUndefined();
    expect(withDims(apart, [1, 15, 1], 1)).toBeUndefined();
  });

  it('groups of channels are not dealt again', () => {
    const groups = value([1, 2, 2, 8, 6], ['n', 'g', 'g', 'h', 'w'], [4, 8, 6]);
    expect(withDims(groups, [1, 4, 8, 6], 1)?.axes).toEqual(['n', 'c', 'h', 'w']);
  });
});

it('a dimension runs over channels alone where the others are of size 1', () => {
  expect(runsOver(value([1, 5], ['n', 'chw'], [5, 1, 1]), 1, 'c')).toBe(true);
  expect(runsOver(value([1, 10], ['n', 'chw'], [5, 2, 1]), 1, 'c')).toBe(false);
  expect(runsOver(value([1, 10], ['n', 'chw'], [5, 2, 1]), 1, 'ch')).toBe(true);
  expect(runsOver(value([1, 5], ['n', 'chw'], [5, 1, 1]), 0, 'c')).toBe(false);
  expect(runsOver(value([1, 5], ['n', 'chw'], [5, 1, 1]), 2, 'c')).toBe(false);
});

describe('places among features', () => {
  const places = (from: Value) => featuresOf(from).map((at) => [...at]);

  it('channels first', () => {
    expect(places(value([1, 15], ['n', 'pchw'], [2, 2, 3], [3, 1, 1]))).toEqual([[...new Array(12).keys()], [12, 13, 14]]);
  });

  it('channels last, all parts together', () => {
    expect(places(value([1, 6], ['n', 'hwc'], [2, 1, 2], [1, 1, 2]))).toEqual([
      [0, 3, 1, 4],
      [2, 5],
    ]);
  });

  it('channels between height and width, part by part', () => {
    const part = [0, 1, 4, 5, 2, 3, 6, 7];
    const both = [part, part.map((at) => at + 8)];
    expect(places(value([1, 16], ['n', 'phcw'], [2, 2, 2], [2, 2, 2]))).toEqual(both);
  });
});

describe('a constant by channel', () => {
  const constant = (dims: number[], data: number[], type: Tensor['type'] = 'real'): Tensor => ({
    ...{ dims, type, data: Float32Array.from(data) },
  });
  const numbers = (of: Tensor, by: Value) => [...perChannel(of, by, node)];

  it('one for all, one a channel, by any layout', () => {
    expect(numbers(constant([], [7]), maps([3, 2, 2]))).toEqual([7, 7, 7]);
    expect(numbers(constant([1, 1, 1, 1], [7]), maps([3, 2, 2]))).toEqual([7, 7, 7]);
    expect(numbers(constant([3, 1, 1], [1, 2, 3]), maps([3, 2, 2]))).toEqual([1, 2, 3]);
    expect(numbers(constant([3], [1, 2, 3]), value([1, 2, 4, 3], ['n', 'h', 'w', 'c'], [3, 2, 4]))).toEqual([1, 2, 3]);
    expect(numbers(constant([3, 2, 1], [1, 1, 2, 2, 3, 3]), maps([3, 2, 4]))).toEqual([1, 2, 3]);
    expect(numbers(constant([6], [1, 1, 2, 2, 3, 3]), value([1, 6], ['n', 'chw'], [3, 2, 1]))).toEqual([1, 2, 3]);
  });

  it('of a vector, one a feature where it differs within a map', () => {
    expect(numbers(constant([6], [1, 2, 3, 4, 5, 6]), value([1, 6], ['n', 'chw'], [3, 2, 1]))).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('along the width of one channel: the same number everywhere', () => {
    expect(numbers(constant([4], [5, 5, 5, 5]), maps([1, 2, 4]))).toEqual([5]);
  });

  it.each<[string, Tensor, Value, string]>([
    [
      'whole numbers',
      constant([], [7], 'integer'),
      maps([3, 2, 2]),
      'arithmetic on whole numbers; cast the pixels to float32 first',
    ],
    ['along the width', constant([4], [5, 5, 5, 5]), maps([3, 2, 4]), 'not one number a channel'],
    ['of one channel, along the width', constant([4], [5, 6, 7, 8]), maps([1, 2, 4]), 'differs from place to place'],
    ['within a map', constant([3, 2, 1], [1, 1, 2, 2, 3, 4]), maps([3, 2, 4]), 'differs from place to place'],
    ['of another size', constant([4, 1, 1], [1, 2, 3, 4]), maps([3, 2, 2]), 'not one number a channel'],
    ['of more dims', constant([1, 1, 3, 1, 1], [1, 2, 3]), maps([3, 2, 2]), 'not one number a channel'],
  ])('%s is refused', (_, of, by, text) => {
    expect(() => perChannel(of, by, node)).toThrow(text);
  });
});

it('a pool’s window without the places that lie beside the map: each axis by its own size', () => {
  const window = { kernel: [5, 5], stride: [1, 1], pads: [0, 0, 4, 4], dilation: [1, 1] } as const;
  const clipped = clipWindow(node, window, { channels: 1, height: 2, width: 4 }, [2, 4]);
  expect(clipped).toEqual({ ...window, kernel: [2, 4], pads: [0, 0, 1, 3] });
});

it.each<[Pads, boolean]>([
  [[0, 0, 0, 0], false],
  [[1, 0, 0, 0], true],
  [[0, 0, 0, 2], true],
])('a border %j is one: %s', (pads, any) => {
  expect(hasPads(pads)).toBe(any);
});

describe('the output of the logits', () => {
  /** As many outputs, all but the last of them probabilities of the last. */
  const graph = (count: number) => {
    const outputs = [...Array.from({ length: count - 1 }, (_, i) => `p${i}`), 'logits'];
    const nodes = outputs.slice(0, -1).map((name): Node => ({ ...node, operator: 'Softmax', inputs: ['logits'], outputs: [name] }));
    const input = { name: 'x', dims: [1, 3], bytes: false };
    const made: Node = { ...node, operator: 'Gemm', inputs: ['x'], outputs: ['logits'] };
    return { name: 'some', opset: 13, input, outputs, nodes: [made, ...nodes], constants: new Map() };
  };

  it('is found among sixteen outputs that show the same, and no more', () => {
    expect(chooseOutput(graph(1))).toBe('logits');
    expect(chooseOutput(graph(16))).toBe('p0');
    expect(() => chooseOutput(graph(17))).toThrow('graph "some": several outputs: "p0", "p1"');
  });

  it('of another name is refused, with those that there are', () => {
    expect(chooseOutput(graph(3), 'p1')).toBe('p1');
    expect(() => chooseOutput(graph(3), 'q')).toThrow(
      'output "q": the outputs are "p0", "p1", "logits"; name the one of the logits',
    );
  });
});
