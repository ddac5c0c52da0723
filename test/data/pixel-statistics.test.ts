import { expect, test } from 'vitest';
import { pixelStatistics } from '../../src/data/pixel-statistics.ts';

test('each channel has its own mean and standard deviation, over all images', () => {
  const { mean, std } = pixelStatistics(Uint8Array.of(0, 255, 51, 51, 255, 0, 51, 51), { channels: 2, height: 1, width: 2 });
  expect(mean).toEqual([0.5, 0.2]);
  expect(std).toEqual([0.5, 1]); // the second channel never changes
});
