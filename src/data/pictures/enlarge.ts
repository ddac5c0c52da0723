import type { Area, Size } from './framing.ts';

/** Two neighbours of a place between them, and how much the second counts. */
interface Between {
  readonly from: number;
  readonly to: number;
  readonly share: number;
}

/**
 * Part of a larger picture, between whose pixels lie straight lines, with the centres of the corner pixels' areas where they were. For
 * libvips puts them half a pixel off when it enlarges. Nothing is held but that part and what it lies between: a picture of 1 × 2^27
 * pixels may be enlarged too.
 * @param pixels [y][x][channel]
 * @param to the whole picture's size, on both sides at least the one that it has
 * Source: Pillow, `ImagingResample` with its bilinear filter: columns first, then rows, each rounded to bytes.
 */
export function enlarge(pixels: Uint8Array, from: Size, to: Size, part: Area): Uint8Array {
  const channels = pixels.length / (from.width * from.height);
  const columns = neighbours(from.width, to.width, part.left, part.width);
  const rows = neighbours(from.height, to.height, part.top, part.height);
  const top = rows[0].from;
  const count = rows[rows.length - 1].to + 1 - top;
  const wide = new Uint8Array(count * part.width * channels);
  for (let y = top, at = 0; y < top + count; y++) {
    const row = y * from.width;
    for (const { from: a, to: b, share } of columns) {
      for (let c = 0; c < channels; c++)
        wide[at++] = mix(pixels[(row + a) * channels + c], pixels[(row + b) * channels + c], share);
    }
  }
  const rowBytes = part.width * channels;
  const large = new Uint8Array(part.height * rowBytes);
  rows.forEach(({ from: a, to: b, share }, y) => {
    const [above, below] = [(a - top) * rowBytes, (b - top) * rowBytes];
    for (let i = 0; i < rowBytes; i++) large[y * rowBytes + i] = mix(wide[above + i], wide[below + i], share);
  });
  return large;
}

const mix = (a: number, b: number, share: number): number => Math.round(a + (b - a) * share);

/** For `count` of `to` places along a side of `from` pixels, from the place `first` on. */
function neighbours(from: number, to: number, first: number, count: number): Between[] {
  return Array.from({ length: count }, (_, i) => {
    const place = Math.min(Math.max(((first + i + 0.5) * from) / to - 0.5, 0), from - 1);
    const below = Math.floor(place);
    return { from: below, to: Math.min(below + 1, from - 1), share: place - below };
  });
}
