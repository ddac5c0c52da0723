import type { Shape } from '../ann/ann.ts';

/**
 * Mean and standard deviation of pixels / 255, one a channel, over all images (at least one); a channel that never changes has
 * standard deviation 1, so that it can be divided by. Pixels are [image][channel][y][x]. Sums are exact integers below 2^53, so the
 * result does not depend on order.
 */
export function pixelStatistics(
  pixels: Uint8Array,
  { channels, height, width }: Shape,
): { readonly mean: number[]; readonly std: number[] } {
  const area = height * width;
  const sums = new Float64Array(channels);
  const squares = new Float64Array(channels);
  for (let start = 0; start < pixels.length; start += area) {
    const channel = (start / area) % channels;
    let sum = 0;
    let square = 0;
    for (let p = start; p < start + area; p++) {
      const pixel = pixels[p];
      sum += pixel;
      square += pixel * pixel;
    }
    sums[channel] += sum;
    squares[channel] += square;
  }
  const n = pixels.length / channels;
  const mean = Array.from(sums, (sum) => sum / n / 255);
  const std = mean.map((m, c) => Math.sqrt(Math.max(squares[c] / n / 255 ** 2 - m * m, 0)));
  return { mean, std: std.map((s) => (s > 1e-6 ? s : 1)) };
}
