/** Side of a picture of CIFAR-10, its pixels, and the bytes of a record: a label, then red, green and blue planes. */
const SIDE = 32;
const AREA = SIDE * SIDE;
const RECORD = 1 + 3 * AREA;
/** The plane that the others are told from, then those. */
const GREEN = 1;
const PLANES = [GREEN, 0, 2] as const;

/** Records of a binary file of CIFAR-10. @throws Error where it is none */
export function recordsOf(file: Uint8Array): number {
  if (file.length === 0 || file.length % RECORD !== 0) throw new Error(`${file.length} bytes are no records of ${RECORD}`);
  return file.length / RECORD;
}

/** The first records of a file, or all where it has fewer. */
export const firstRecords = (file: Uint8Array, count: number): Uint8Array => file.subarray(0, count * RECORD);

/**
 * The same number of bytes in a form that compresses to little more than half: all labels, then each plane of all images as differences
 * from what the neighbours to the left and above let expect (JPEG-LS's predictor); red and blue less green's difference. Pure.
 */
export function packRecords(file: Uint8Array): Uint8Array {
  const count = recordsOf(file);
  const packed = new Uint8Array(file.length);
  for (let image = 0; image < count; image++) packed[image] = file[image * RECORD];
  forEachPixel(count, (pixel, at, green) => {
    packed[at] = file[pixel] - expected(file, pixel) - (at === green ? 0 : packed[green]);
  });
  return packed;
}

/** The records again. Pure. */
export function unpackRecords(packed: Uint8Array): Uint8Array {
  const count = recordsOf(packed);
  const file = new Uint8Array(packed.length);
  for (let image = 0; image < count; image++) file[image * RECORD] = packed[image];
  forEachPixel(count, (pixel, at, green) => {
    file[pixel] = packed[at] + expected(file, pixel) + (at === green ? 0 : packed[green]);
  });
  return file;
}

/** Pixels in packed order: where each is in the file and when packed, and where green's difference of its place is. */
function forEachPixel(count: number, visit: (pixel: number, at: number, green: number) => void): void {
  PLANES.forEach((plane, p) => {
    for (let image = 0; image < count; image++) {
      const [pixel, green] = [image * RECORD + 1 + plane * AREA, count + image * AREA];
      for (let i = 0; i < AREA; i++) visit(pixel + i, green + p * count * AREA + i, green + i);
    }
  });
}

/** What a pixel is expected to be, from those before it in its plane. */
function expected(file: Uint8Array, pixel: number): number {
  const place = ((pixel % RECORD) - 1) % AREA;
  if (place < SIDE) return place === 0 ? 0 : file[pixel - 1];
  const up = file[pixel - SIDE];
  if (place % SIDE === 0) return up;
  const left = file[pixel - 1];
  const corner = file[pixel - SIDE - 1];
  if (corner >= Math.max(left, up)) return Math.min(left, up);
  if (corner <= Math.min(left, up)) return Math.max(left, up);
  return left + up - corner;
}
