import { availableParallelism } from 'node:os';
import { type Shape, shapeSize } from '../../ann/ann.ts';
import { DataSetError } from '../../errors.ts';
import type { LabelledSource } from '../../run/source.ts';
import type { SkippedImage } from '../data-set.ts';
import { type Channels, measurePicture, readPicture } from './decode.ts';
import { type Framing, type FramingOptions, pictureFraming } from './framing.ts';

/** A picture in a file, and its class. */
export interface PictureFile {
  readonly path: string;
  readonly label: number;
}

/** How pictures in files become images. */
export interface PictureOptions extends FramingOptions {
  /** What the network takes, where it is known: it decides what is not asked for. */
  readonly input?: Shape;
}

/** How all pictures of a source are read. */
interface Reading {
  readonly shape: Shape;
  readonly framing: Framing;
  readonly channels: Channels;
  /** Pictures in colour may become grey: it was asked for. */
  readonly toGrey: boolean;
}

/** Pictures that are decoded at once: a few for each processor, since each waits for its file too. */
const AT_ONCE = 2 * availableParallelism();

/**
 * Pictures in files as a source: decoded as they are asked for, on other threads. Where nothing says how large the images are to be,
 * the first picture does, and all others must be as large.
 * @param files at least one
 * @throws DataSetError, OptionError
 */
export async function openPictures(files: readonly PictureFile[], options: PictureOptions): Promise<LabelledSource> {
  const reading = await readingOf(files[0].path, options);
  const size = shapeSize(reading.shape);
  return {
    count: files.length,
    shape: reading.shape,
    labels: Uint32Array.from(files, ({ label }) => label),
    read: async (first, count) => {
      const pixels = new Uint8Array(count * size);
      await eachAtOnce(count, async (i) => {
        pixels.set(await readOne(files[first + i].path, reading), i * size);
      });
      return pixels;
    },
  };
}

/**
 * Reads all pictures and parts those that can be read from those that cannot.
 * @param onProgress called after each
 */
export async function partReadable(
  files: readonly PictureFile[],
  options: PictureOptions,
  onProgress: (done: number) => void = () => {},
): Promise<{ readonly good: PictureFile[]; readonly bad: SkippedImage[] }> {
  const reasons = new Array<string | null>(files.length).fill(null);
  let reading: Reading | null = null;
  let done = 0;
  // the first that can be read says how large the others are to be
  let begin = 0;
  while (begin < files.length) {
    reading = await readingOf(files[begin].path, options).catch((error) => note(reasons, begin, error));
    if (reading !== null) break;
    begin = ++done;
    onProgress(done);
  }
  await eachAtOnce(files.length - begin, async (i) => {
    await readOne(files[begin + i].path, reading as Reading).catch((error) => note(reasons, begin + i, error));
    onProgress(++done);
  });
  return {
    good: files.filter((_, i) => reasons[i] === null),
    bad: files.flatMap(({ path }, i) => (reasons[i] === null ? [] : { path, reason: reasons[i] as string })),
  };
}

/** Writes down why an image cannot be read; what is no fault of the file goes on. */
function note(reasons: (string | null)[], i: number, error: unknown): null {
  if (!(error instanceof DataSetError)) throw error;
  reasons[i] = error.what;
  return null;
}

/** What all pictures have in common, from the options, the network, and the first picture where these leave it open. */
async function readingOf(firstPath: string, options: PictureOptions): Promise<Reading> {
  const { input } = options;
  const framing = pictureFraming(options, input);
  const map = input && (input.height > 1 || input.width > 1) ? input : null;
  const isOpen = framing.crop === null || (input !== undefined && map === null && options.channels === undefined);
  const first = isOpen ? await measurePicture(firstPath) : null;
  const own = first?.grey ? 1 : 3;
  const channels = options.channels ?? (map ? (map.channels === 1 ? 1 : 3) : input ? own : 3);
  const sides =
    framing.crop === null ? (first as { width: number; height: number }) : { width: framing.crop, height: framing.crop };
  const { width, height } = sides;
  return { shape: { channels, height, width }, framing, channels, toGrey: options.channels === 1 };
}

async function readOne(path: string, { shape, framing, channels, toGrey }: Reading): Promise<Uint8Array> {
  const { pixels, width, height, grey } = await readPicture(path, framing, channels);
  if (width !== shape.width || height !== shape.height) {
    const what = `is ${width} × ${height}, the others are ${shape.width} × ${shape.height}`;
    throw new DataSetError('data-size', path, what, 'bring all to one size with --resize and --crop');
  }
  if (channels === 1 && !grey && !toGrey) {
    throw new DataSetError('data-size', path, 'is in colour, and the images are grey', 'ask for grey with --channels 1');
  }
  return pixels;
}

/** Does `work` for 0 … count − 1, some of them at once. After an error nothing new is begun, and nothing is left under way. */
async function eachAtOnce(count: number, work: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  let failed = false;
  const one = async (): Promise<void> => {
    while (next < count && !failed) {
      await work(next++).catch((error) => {
        failed = true;
        throw error;
      });
    }
  };
  const all = await Promise.allSettled(Array.from({ length: Math.min(AT_ONCE, count) }, one));
  const wrong = all.find((result) => result.status === 'rejected');
  if (wrong) throw wrong.reason;
}
