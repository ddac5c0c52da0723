import { expect, test } from 'vitest';
import type { Images } from '../../src/data/data-set.ts';
import { pixelStatistics } from '../../src/data/pixel-statistics.ts';

const of = (channels: number, height: number, width: number, pixels: number[]): Images => ({
  count: pixels.length / (channels * height * width),
  shape: { channels, height, width },
  pixels: Uint8Array.from(pixels),
  labels: new Uint16Array(pixels.length / (channels * height * width)),
});

test('each channel has its own mean and standard deviation, over all images', () => {
  const { mean, std } = pixelStatistics(of(2, 1, 2, [0, 255, 51, 51, 255, 0, 51, 51]));
  expect(mean).toEqual([0.5, 0.2]);
  expect(std).toEqual([0.5, 1]); // the second channel never changes
});
