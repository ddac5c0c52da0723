import type { Sharp } from 'sharp';
import { BsnnError, DataSetError } from '../../errors.ts';
import { readRecords } from '../read-file.ts';
import { enlarge } from './enlarge.ts';
import { centre, type Framing, resized, type Size } from './framing.ts';

/** Most pixels of a picture that is decoded: 128 Mi, more than any camera has. A file of a few bytes may announce any number. */
export const MAX_PIXELS = 2 ** 27;

const REMEDY = 'replace the file, or leave out what cannot be read (--skip-bad)';

/** How the kinds of pictures that are read begin. SVG is none of them: it can ask for other files, and for the network. */
const KINDS: readonly RegExp[] = [
  /^\xff\xd8\xff/, // JPEG
  /^\x89PNG\r\n/,
  /^GIF8/,
  /^RIFF.{4}WEBP/s,
  /^(II[*+]|MM.[*+])/s, // TIFF
  /^.{4}ftypavi[fs]/s, // AVIF
];
const KIND_NAMES = 'JPEG, PNG, GIF, WebP, TIFF and AVIF';

/** Three channels unless 1 is asked for. */
export type Channels = 1 | 3;

/** A picture that has been read but not decoded: sizes as it is shown (Exif's orientation), and what gives its pixels. */
interface Opened extends Size {
  /** 8 bits a channel, 3 channels, or 4 of a picture for print. */
  readonly image: Sharp;
  readonly print: boolean;
  /** Has no colours. */
  readonly grey: boolean;
}

/** What is known of a picture before it is decoded. @throws DataSetError */
export async function measurePicture(path: string): Promise<Size & { readonly grey: boolean }> {
  const { width, height, grey } = await openPicture(path);
  return { width, height, grey };
}

/**
 * Reads one picture and frames it. Grey pictures, palettes, 16 bits and Exif's orientation are brought to 8 bits of RGB, transparency
 * is left out, colour profiles are left alone, and inks (CMYK) become light as Pillow makes them: what training pipelines see.
 * Pictures are decoded and made smaller by libvips, on its threads.
 * @returns pixels 0…255, [channel][y][x], and their size
 * @throws DataSetError by file
 */
export async function readPicture(
  path: string,
  framing: Framing,
  channels: Channels,
): Promise<Size & { readonly pixels: Uint8Array; readonly grey: boolean }> {
  const opened = await openPicture(path);
  try {
    const { width, height, grey } = opened;
    const image = opened.print ? await toLight(opened) : opened.image;
    const { pixels, ...size } = await framed(image, { width, height }, framing, path);
    return { ...size, grey, pixels: planes(pixels, size.width * size.height, channels) };
  } catch (cause) {
    throw undecodable(cause, path);
  }
}

async function openPicture(path: string): Promise<Opened> {
  const file = await readRecords(path, 1, REMEDY);
  const start = Buffer.from(file.buffer, file.byteOffset, Math.min(16, file.length)).toString('latin1');
  if (!KINDS.some((kind) => kind.test(start))) {
    throw new DataSetError('data-magic', path, `is no picture of the kinds that are read: ${KIND_NAMES}`, REMEDY);
  }
  const { default: sharp } = await import('sharp');
  try {
    const input = sharp(file, { limitInputPixels: MAX_PIXELS, failOn: 'error', ignoreIcc: true });
    const { space, autoOrient } = await input.metadata();
    const print = space === 'cmyk';
    const upright = input.autoOrient();
    const image = print ? upright.pipelineColourspace('cmyk').toColourspace('cmyk') : upright.removeAlpha().toColourspace('srgb');
    return { image, print, grey: /^(b-w|grey16)$/.test(space), ...autoOrient };
  } catch (cause) {
    throw undecodable(cause, path);
  }
}

/** What libvips says, as an error about the file. */
function undecodable(cause: unknown, path: string): unknown {
  if (cause instanceof BsnnError) return cause;
  const reason = cause instanceof Error ? cause.message.trim().replaceAll('\n', ', ') : String(cause);
  if (/pixel limit/.test(reason)) {
    return new DataSetError('data-size', path, `has more than the ${MAX_PIXELS} pixels that are decoded`, REMEDY, { cause });
  }
  return new DataSetError('data-corrupt', path, `cannot be decoded (${reason})`, REMEDY, { cause });
}

/** A picture in inks as one in light: what the ink, and the black, leave of each. Source: Pillow, `cmyk2rgb`. */
async function toLight({ image, width, height }: Opened): Promise<Sharp> {
  const { default: sharp } = await import('sharp');
  const inks = await image.raw().toBuffer();
  const light = new Uint8Array((inks.length / 4) * 3);
  for (let i = 0, at = 0; i < inks.length; i += 4) {
    for (let c = 0; c < 3; c++) light[at++] = Math.round(((255 - inks[i + c]) * (255 - inks[i + 3])) / 255);
  }
  return sharp(light, { raw: { width, height, channels: 3 } });
}

/**
 * Brings a picture to its frame. Smaller: libvips' linear kernel, which counts every pixel (antialias); larger: `enlarge`.
 * @returns pixels [y][x][channel]
 */
export async function framed(
  image: Sharp,
  from: Size,
  { resize, crop }: Framing,
  where: string,
): Promise<Size & { readonly pixels: Uint8Array }> {
  const size = resized(from, resize);
  const area = centre(size, crop);
  if (crop !== null && Math.min(size.width, size.height) < crop) {
    const what = `is ${size.width} × ${size.height}, smaller than the ${crop} × ${crop} to cut out of it`;
    throw new DataSetError('data-size', where, what, 'ask for a smaller --crop, or for --resize');
  }
  const { width, height } = area;
  if (size.width > from.width || size.height > from.height) {
    return { width, height, pixels: enlarge(await image.raw({ depth: 'uchar' }).toBuffer(), from, size, area) };
  }
  const changed = size.width !== from.width || size.height !== from.height;
  const smaller = changed ? image.resize(size.width, size.height, { fit: 'fill', kernel: 'linear' }) : image;
  const pixels = await smaller.extract(area).raw({ depth: 'uchar' }).toBuffer();
  return { width, height, pixels };
}

/**
 * [y][x][channel], 3 channels or 1, as planes [channel][y][x]. Grey is of ITU-R 601, as Pillow's "L" rounds it.
 * @param area pixels of a plane
 */
export function planes(pixels: Uint8Array, area: number, channels: Channels): Uint8Array {
  const found = pixels.length / area;
  const out = new Uint8Array(area * channels);
  for (let i = 0; i < area; i++) {
    if (channels === 3) for (let c = 0; c < 3; c++) out[c * area + i] = pixels[i * found + (found === 3 ? c : 0)];
    else if (found === 1) out[i] = pixels[i];
    else out[i] = (pixels[3 * i] * 19595 + pixels[3 * i + 1] * 38470 + pixels[3 * i + 2] * 7471 + 0x8000) >> 16;
  }
  return out;
}
