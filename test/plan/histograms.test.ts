import { describe, expect, it } from 'vitest';
import type { Ann } from '../../src/ann/ann.ts';
import { BINS, CHANNEL_BINS } from '../../src/ann/statistics.ts';
import { countLayer, firstInGroup, firstMaximum, histogramBuffers, layHistograms } from '../../src/plan/cells/histograms.ts';
import { cellsPackers, planCells } from '../../src/plan/cells/plan.ts';
import { bytesOf } from '../helpers/program.ts';
import { ann, convolution, map, neurons, pool, readout, shortcut, square } from '../network/hand-made.ts';

const LIMITS = { maxStorageBufferBindingSize: 2 ** 27, maxBufferSize: 2 ** 28, maxUniformBufferBindingSize: 2 ** 16 };

/** Layers of so many channels each, a pool behind the first. */
function ofChannels(...channels: number[]): Ann {
  const [first, ...others] = channels;
  const layers = [
    neurons('0', map(first), [convolution(-1, new Float32Array(first))]),
    pool('pool', 0, map(first), 'max', square(1)),
    ...others.map((count, i) => neurons(`${i + 1}`, map(count), [shortcut(i === 0 ? 1 : i + 1, new Float32Array(count))])),
  ];
  return ann(map(1), [
    ...layers,
    readout(2, [convolution(layers.length - 1, new Float32Array(2 * channels[channels.length - 1]))]),
  ]);
}

/** Channels whose histograms fill the 64 MiB that are held at one time: 512 bins of 4 bytes each. */
const FULL = 2 ** 26 / (CHANNEL_BINS * 4);

describe('what is counted', () => {
  it('all layers of neurons, and no other; channels where they are wanted', () => {
    const net = ofChannels(8, 4, 6);
    expect(layHistograms(net, false)).toEqual({ counted: [0, 2, 3], channelGroups: [] });
    expect(layHistograms(net, true)).toEqual({ counted: [0, 2, 3], channelGroups: [[0, 2, 3]] });
  });

  it.each<[string, number[], number[][]]>([
    ['all that fit exactly', [FULL - 3, 2, 1], [[0, 2, 3]]],
    ['one channel more than fits', [FULL - 3, 2, 2], [[0, 2], [3]]],
    ['a layer that fills a group', [1, FULL, 1], [[0], [2], [3]]],
    ['a layer that alone has more', [2, FULL + 1, 1, 1], [[0], [2], [3, 4]]],
    ['groups in the order of the layers, not the fewest', [FULL, 1, FULL - 1, 1], [[0], [2, 3], [4]]],
  ])('channels are held in groups by their bytes: %s', (_, channels, groups) => {
    expect(layHistograms(ofChannels(...channels), true).channelGroups).toEqual(groups);
  });
});

describe('where it is counted', () => {
  const net = ofChannels(FULL - 9, 9, 5, 6);

  it('maxima stand for all channels, histograms of channels for those of the group', () => {
    const histograms = layHistograms(net, true);
    const [first, second] = histograms.channelGroups;
    expect([first, second]).toEqual([
      [0, 2],
      [3, 4],
    ]);
    expect(histograms.counted.map((l) => firstMaximum(net, histograms, l))).toEqual([0, FULL - 9, FULL, FULL + 5]);
    expect(first.map((l) => firstInGroup(net, first, l))).toEqual([0, FULL - 9]);
    expect(second.map((l) => firstInGroup(net, second, l))).toEqual([0, 5]);
  });

  it('a layer is counted as a whole, and channel by channel where that is wanted', () => {
    const counts = countLayer(net, layHistograms(net, true), 4, 3, 77);
    expect(counts.map(({ kernel, layer, variant }) => [kernel, layer, variant.byChannel])).toEqual([
      ['histogram', 4, false],
      ['histogram', 4, true],
    ]);
    const [whole, channels] = counts;
    for (const { parameters } of counts) expect(parameters).toMatchObject({ channels: 6, batch: 3, source: 77, maxima: FULL + 5 });
    // the fourth of the layers that are counted
    expect(whole.ranges.bins).toEqual({ offset: 3 * BINS * 4, size: BINS * 4 });
    expect(channels.parameters.first).toBe(5 * CHANNEL_BINS);
    expect(countLayer(net, layHistograms(net, false), 4, 3, 77)).toEqual([whole]);
  });

  it('buffers: bins of every layer, a maximum and a power of every channel, channels of the largest group', () => {
    const channels = FULL + 11;
    expect(bytesOf({ buffers: histogramBuffers(net, layHistograms(net, true)) })).toEqual({
      bins: 4 * BINS * 4,
      maxima: channels * 4,
      powers: channels * 4,
      channelBins: 2 ** 26,
    });
    expect(Object.keys(histogramBuffers(net, layHistograms(net, false)))).toEqual(['bins', 'maxima', 'powers']);
  });

  it('a network without neurons has something to bind all the same', () => {
    const linear = ann(map(1), [readout(2, [convolution(-1, [1, 2])])]);
    const buffers = histogramBuffers(linear, layHistograms(linear, true));
    expect(bytesOf({ buffers })).toEqual({ bins: BINS * 4, maxima: 4, powers: 4 });
  });
});

describe('the program that counts', () => {
  const net = ofChannels(8, 4);
  /** In integers and counted, and in f32. */
  const plans = () => [planCells(net, LIMITS, { batch: 2, exact: { countChannels: true } }), planCells(net, LIMITS, { batch: 2 })];

  it('counts every layer of neurons behind its convolution, from its own cells', () => {
    const [exact, plain] = plans();
    expect(exact.dispatches.map(({ kernel, layer }) => `${kernel} ${layer}`)).toEqual([
      ...['ann-encode -1', 'ann-convolve 0', 'histogram 0', 'histogram 0', 'ann-pool 1'],
      ...['ann-convolve 2', 'histogram 2', 'histogram 2', 'ann-convolve 3'],
    ]);
    for (const { kernel, layer, parameters } of exact.dispatches) {
      if (kernel === 'histogram') expect(parameters.source).toBe(exact.layers[layer]);
    }
    expect(plain.dispatches.some(({ kernel }) => kernel === 'histogram')).toBe(false);
    expect([plain.counted, plain.channelGroups]).toEqual([[], []]);
  });

  it('in integers pixels have a table of 256 values a channel, and nothing is uploaded before grids are known', () => {
    const [exact, plain] = plans();
    expect(exact.contents).toEqual([]);
    expect(exact.settled[0]).toEqual({ buffer: 'fixedPixels', offset: 0, pack: 'fixedPixels', layer: -1 });
    expect(bytesOf(exact).fixedPixels).toBe(1024);
    expect(exact.buffers.normalization).toBe(undefined);
    expect(plain.settled).toEqual([]);
    expect(plain.contents[0]).toEqual({ buffer: 'normalization', offset: 0, pack: 'normalization', layer: -1 });
    expect(bytesOf(plain).normalization).toBe(8);
    expect(plain.buffers.fixedPixels ?? plain.buffers.bins).toBe(undefined);
    // the second layer is an identity, whose weights stand in its table
    const uploaded = [0, 2, 3].flatMap((l) => [`channels ${l}`, ...(l === 2 ? [] : [`weights ${l}`])]);
    for (const contents of [plain.contents, exact.settled]) {
      expect(contents.slice(1).map(({ buffer, layer }) => `${buffer} ${layer}`)).toEqual(uploaded);
      for (const { buffer, pack } of contents.slice(1)) expect(pack).toBe(buffer);
    }
  });

  it('pixels in f32 are normalised channel by channel: mean, deviation, mean, …', () => {
    const { normalization } = cellsPackers(net, [0.5, 0.25, 0.125], [1, 2, 4]);
    expect([...(normalization(plans()[1].contents[0]) as Float32Array)]).toEqual([0.5, 1, 0.25, 2, 0.125, 4]);
  });
});
