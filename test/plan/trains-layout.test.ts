import { describe, expect, it } from 'vitest';
import { bistable } from '../../src/neuron/bistable.ts';
import { burst } from '../../src/neuron/burst.ts';
import type { NeuronModel } from '../../src/neuron/model.ts';
import { multi } from '../../src/neuron/multi.ts';
import { phase } from '../../src/neuron/phase.ts';
import { laySteps, type SteppedLayout } from '../../src/plan/trains/layout.ts';
import { ann, convolution, map, neurons, onGrid, pool, readout, shortcut, square } from '../network/hand-made.ts';

const halved = square(2, { stride: [2, 2] });
const wide = map(12, 8);

const filled = (count: number) => new Float32Array(count).fill(0.1);
const every = (stride: number) => square(1, { stride: [stride, stride] });

/** 12 channels are two tiles of 8. A maximum of 4 values, means of 4 of them and of 16, shortcuts over two layers of neurons. */
const network = onGrid(
  ann(map(3, 8), [
    neurons('stem', wide, [convolution(-1, filled(36))]),
    pool('max', 0, wide, 'max', halved),
    neurons('next', map(12, 4), [shortcut(1, filled(12)), convolution(-1, filled(36), every(2))]),
    pool('mean of maxima', 1, map(12, 4), 'average', halved),
    pool('mean', 2, map(12, 4), 'average', square(4)),
    neurons('last', map(5), [
      convolution(4, filled(60)),
      convolution(3, filled(60), every(2)),
      convolution(0, filled(60), every(8)),
    ]),
    readout(9, [convolution(5, filled(45))]),
  ]),
);

const BATCH = 3;
/** Steps of a chunk at most: three groups of 4. */
const CAPACITY = 10;
const lay = (model: NeuronModel, synchronous = true) => laySteps(network, model, synchronous, BATCH, CAPACITY);

/** Words of each layer's map where 8 channels are one: tiles × places × images. */
const PLACES = [2 * 64, 2 * 16, 2 * 16, 2 * 4, 2, 1].map((places) => places * BATCH);
/** Layers of `network`. */
const [STEM, MAX, NEXT, MAXIMA, LAST, READOUT] = [0, 1, 2, 3, 5, 6];

/** All that the arena holds behind word 0, as [first, words]. */
function regionsOf(layout: SteppedLayout, memory: number): number[][] {
  return [
    ...layout.trains.flatMap((train) => (train ? [[train.first, 3 * train.planes * train.planeStride]] : [])),
    ...layout.lines.flatMap(({ ring, hold, train }) => [
      [ring, Math.ceil(hold / 4) * train.planes * train.planeStride],
      [train.first, 3 * train.planes * train.planeStride],
    ]),
    ...layout.states.flatMap((first, l) => (first < 0 ? [] : [[first, PLACES[l]]])),
    ...layout.poolMemory.flatMap((first, l) => (first < 0 ? [] : [[first, PLACES[l] * memory]])),
  ].sort((a, b) => a[0] - b[0]);
}

describe('trains', () => {
  const planes = (model: NeuronModel) => lay(model).trains.map((train) => train?.planes ?? null);

  it('bits of what a step can bring: 1 spike, the sum of 4, of 16; a maximum is one of its inputs', () => {
    expect(planes(bistable)).toEqual([1, 1, 1, 3, 5, 1, null]);
    expect(planes(phase)).toEqual([1, 1, 1, 3, 5, 1, null]);
    // 5, 20 and 80
    expect(planes(burst(5))).toEqual([3, 3, 3, 5, 7, 3, null]);
  });

  it('words that may be negative have a plane more', () => {
    const model = multi(4);
    expect([model.signed, model.most]).toEqual([true, 15]);
    // 15, 60 and 240
    expect(planes(model)).toEqual([5, 5, 5, 7, 9, 5, null]);
  });

  it('a word holds 8 channels and 4 steps of a place: [group of 4 steps][plane][tile][y][x][image]', () => {
    const layout = lay(burst(5));
    expect(layout.groups).toBe(3);
    expect(layout.trains.slice(0, READOUT).map((train) => train?.planeStride)).toEqual(PLACES);
    for (const train of layout.trains.slice(0, READOUT)) {
      expect(train?.groupStride).toBe((train?.planes as number) * (train?.planeStride as number));
    }
  });

  it.each([
    [1, 1],
    [4, 1],
    [5, 2],
    [8, 2],
  ])('%i steps take %i groups', (capacity, groups) => {
    expect(laySteps(network, bistable, true, BATCH, capacity).groups).toBe(groups);
  });
});

describe('the arena', () => {
  it.each<[string, NeuronModel, number]>([
    // a maximum of words remembers which of its inputs are still in question: a bit each
    ['bistable', bistable, 4],
    // of counts, and of sums: a number of each input and channel
    ['burst:5', burst(5), 4 * 8],
    ['multi:4', multi(4), 4 * 8],
    ['phase', phase, 4],
  ])('%s: everything side by side behind word 0, nothing between and nothing behind', (_, model, memory) => {
    const layout = lay(model);
    let end = 1;
    for (const [first, words] of regionsOf(layout, memory)) {
      expect(first).toBe(end);
      end += words;
    }
    expect(layout.words).toBe(end);
  });

  it('states are there for neurons with windows alone, what a maximum remembers for maxima', () => {
    const has = (firsts: readonly number[]) => firsts.flatMap((first, l) => (first >= 0 ? [l] : []));
    expect(has(lay(bistable).states)).toEqual([STEM, NEXT, LAST]);
    expect(has(lay(burst(5)).states)).toEqual([]);
    for (const model of [bistable, burst(5)]) expect(has(lay(model).poolMemory)).toEqual([MAX]);
  });
});

describe('synchronous neurons', () => {
  it('a row for what a source sent some steps ago: as many bits as the source, over a ring of whole groups', () => {
    const layout = lay(bistable);
    // "last" reads what "stem" and maxima of it sent a word of 4 steps earlier than "mean"
    expect(layout.lines.map(({ source, hold }) => [source, hold])).toEqual([
      [MAXIMA, 4],
      [STEM, 4],
    ]);
    for (const { source, train } of layout.lines) expect(train).toEqual({ ...layout.trains[source], first: train.first });
  });

  it('are there for neurons with windows alone, and where they are wanted', () => {
    expect(lay(bistable, false).lines).toEqual([]);
    expect(lay(burst(5)).lines).toEqual([]);
  });

  it('terms with the same source and time share a row; other times and other sources have their own', () => {
    const skipping = onGrid(
      ann(map(1), [
        neurons('a', map(1), [convolution(-1, [1])]),
        neurons('b', map(1), [convolution(0, [1])]),
        neurons('c', map(1), [convolution(1, [1]), convolution(0, [1]), shortcut(0, [1])]),
        neurons('d', map(1), [convolution(2, [1]), convolution(0, [1]), convolution(1, [1])]),
        readout(1, [convolution(3, [1]), convolution(0, [1])]),
      ]),
      { phaseBits: 3 },
    );
    const lines = laySteps(skipping, bistable, true, 1, 3).lines.map(({ source, hold }) => [source, hold]);
    expect(lines).toEqual([
      [0, 3],
      [0, 6],
      [1, 3],
      [0, 9],
    ]);
  });
});

describe('numbers of neurons', () => {
  it('membranes, counts and decoded words of neurons and the readout, one layer behind another', () => {
    const sizes = [12 * 64, 12 * 16, 5, 9].map((size) => size * BATCH);
    const [stem, next, last] = sizes;
    const layout = lay(bistable);
    expect(layout.neurons).toEqual([0, -1, stem, -1, -1, stem + next, stem + next + last]);
    expect(layout.neuronCount).toBe(sizes.reduce((sum, size) => sum + size, 0));
  });

  it('a current from the pixels for those that read them', () => {
    const [stem, next] = [12 * 64 * BATCH, 12 * 16 * BATCH];
    const layout = lay(bistable);
    expect(layout.drives).toEqual([0, -1, stem, -1, -1, -1, -1]);
    expect(layout.driveCount).toBe(stem + next);
  });
});
