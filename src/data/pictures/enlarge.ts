import type { Size } from './framing.ts';

/** Two neighbours of a place between them, and how much the second counts. */
interface Between {
  readonly from: number;
  readonly to: number;
  readonly share: number;
}

/**
 * A larger picture, between whose pixels lie straight lines, with the centres of the corner pixels' areas where they were. For libvips puts
 * them half a pixel off when it enlarges.
 * @param pixels [y][x][channel]
 * Source: Pillow, `ImagingResample` with its bilinear filter: columns first, then rows, each rounded to bytes.
 */
export function enlarge(pixels: Uint8Array, from: Size, to: Size): Uint8Array {
  const channels = pixels.length / (from.width * from.height);
  const columns = neighbours(from.width, to.width);
  const rows = neighbours(from.height, to.height);
  const wide = new Uint8Array(from.height * to.width * channels);
  for (let y = 0, at = 0; y < from.height; y++) {
    const row = y * from.width;
    for (const { from: a, to: b, share } of columns) {
      for (let c = 0; c < channels; c++)
        wide[at++] = mix(pixels[(row + a) * channels + c], pixels[(row + b) * channels + c], share);
    }
  }
  const rowBytes = to.width * channels;
  const large = new Uint8Array(to.height * rowBytes);
  rows.forEach(({ from: a, to: b, share }, y) => {
    for (let i = 0; i < rowBytes; i++) large[y * rowBytes + i] = mix(wide[a * rowBytes + i], wide[b * rowBytes + i], share);
  });
  return large;
}

const mix = (a: number, b: number, share: number): number => Math.round(a + (b - a) * share);

/** For each of `to` places along a side of `from` pixels. */
function neighbours(from: number, to: number): Between[] {
  return Array.from({ length: to }, (_, i) => {
    const place = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    const below = Math.floor(place);
    return { from: below, to: Math.min(below + 1, from - 1), share: place - below };
  });
}
