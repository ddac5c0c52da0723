import { SHAPE, type Shape, shapeSize } from '../ann/ann.ts';
import { countImages } from '../ann/pixels.ts';
import { type Check, checkArgument, integer, object } from '../checks.ts';
import { BsnnError, OptionError } from '../errors.ts';

/**
 * Where images come from: a data set in memory, files that are read as they are needed, a generator. Nobody needs to hold them
 * all: they are asked for a batch at a time, in order, the next one while the device works on the one before.
 */
export interface ImageSource {
  /** Images in all. */
  readonly count: number;
  /** Of one image. */
  readonly shape: Shape;
  /** Class of each image; null, or left out, where it is not known. */
  readonly labels?: ArrayLike<number> | null | undefined;
  /**
   * Images [first, first + count): pixels 0…255, [image][channel][y][x]. They stay as they are afterwards: the next call fills other
   * memory. Within a run calls come one after another.
   */
  read(first: number, count: number): Uint8Array | Promise<Uint8Array>;
}

/** A source that knows its images' classes. */
export interface LabelledSource extends ImageSource {
  readonly labels: ArrayLike<number>;
}

/** A source of images that a caller hands in; its count, and what it gives, are checked where it is read. */
export const SOURCE: Check = object('a source of images', ({ read, shape }) => typeof read === 'function' && SHAPE.accepts(shape));

/** Labels that a caller hands in, or none. */
const LABELS: Check = {
  expected: 'a list of labels',
  accepts: (value) => typeof value === 'object' && (value === null || Number.isSafeInteger((value as ArrayLike<number>).length)),
};

const REMEDY = 'give pixels 0…255, [image][channel][y][x]';

const sizes = ({ channels, height, width }: Shape): string => `${channels} × ${height} × ${width}`;

/**
 * Images in memory as a source. They are not copied: leave them as they are until what reads them is done.
 * @param pixels 0…255, [image][channel][y][x], any number of whole images
 * @throws OptionError where they are not bytes, not a whole number of images, or not as many as there are labels
 */
export function pixelsSource(pixels: Uint8Array, shape: Shape, labels: ArrayLike<number>): LabelledSource;
export function pixelsSource(pixels: Uint8Array, shape: Shape, labels?: ArrayLike<number> | null): ImageSource;
export function pixelsSource(pixels: Uint8Array, shape: Shape, labels: ArrayLike<number> | null = null): ImageSource {
  checkArgument('shape', shape, SHAPE);
  checkArgument('labels', labels, LABELS);
  const count = countImages(pixels, shape);
  if (labels && labels.length !== count) {
    throw new OptionError('labels', 'labels', `are ${labels.length} for ${count} images`, 'give one for each image');
  }
  const size = shapeSize(shape);
  return { count, shape, labels, read: (first, n) => pixels.subarray(first * size, (first + n) * size) };
}

/** Images in memory as they are now, whatever becomes of them: for few of them. @throws OptionError as `pixelsSource` does */
export function copiedPixels(pixels: Uint8Array, shape: Shape): ImageSource {
  countImages(pixels, shape);
  return pixelsSource(pixels.slice(), shape);
}

/** Images [first, first + count) of a source. @throws OptionError where it does not have them */
export function sliceSource<S extends ImageSource>(
  source: S,
  first: number,
  count: number,
): ImageSource & { readonly labels: S['labels'] } {
  checkArgument('source', source, SOURCE);
  checkCount(source);
  checkArgument('first', first, integer(0));
  checkArgument('count', count, integer(0));
  if (first + count > source.count) {
    const what = `${count} images from ${first} on are not all within the source's ${source.count}`;
    throw new OptionError('images', 'images', what, 'ask for images that are there');
  }
  const { shape, labels } = source;
  const part = labels && Array.prototype.slice.call(labels, first, first + count);
  return { count, shape, labels: part as S['labels'], read: (from, n) => source.read(first + from, n) };
}

/** A source like another but for what is given: also like an instance of a class, whose getters and methods no spread copies. */
export const sourceLike = <S extends ImageSource, C extends Partial<ImageSource>>(source: S, changes: C) => ({
  count: source.count,
  shape: source.shape,
  labels: source.labels as S['labels'],
  read: (first: number, count: number) => source.read(first, count),
  ...changes,
});

/** The images of one source and then those of another, of the same shape. @throws OptionError where the shapes differ */
export function concatSources(a: ImageSource, b: ImageSource): ImageSource {
  for (const [name, source] of Object.entries({ a, b })) {
    checkArgument(name, source, SOURCE);
    checkCount(source);
  }
  if (sizes(a.shape) !== sizes(b.shape)) {
    const what = `are of ${sizes(a.shape)} and of ${sizes(b.shape)}`;
    throw new OptionError('images', 'images of two sources', what, 'join sources of one shape');
  }
  return {
    count: a.count + b.count,
    shape: a.shape,
    labels: a.labels && b.labels && [...Array.from(a.labels), ...Array.from(b.labels)],
    read: (first, count) => {
      if (first + count <= a.count) return a.read(first, count);
      if (first >= a.count) return b.read(first - a.count, count);
      return readAcross(a, b, first, count);
    },
  };
}

/** Images of which the first are one source's last and the others another's first. */
async function readAcross(a: ImageSource, b: ImageSource, first: number, count: number): Promise<Uint8Array> {
  const size = shapeSize(a.shape);
  const ofA = a.count - first;
  const pixels = new Uint8Array(count * size);
  pixels.set(await readImages(a, first, ofA));
  pixels.set(await readImages(b, 0, count - ofA), ofA * size);
  return pixels;
}

/** Every so manyth image of a source: `count` of them, the first among them. */
export function spread(source: ImageSource, count: number): ImageSource {
  const size = shapeSize(source.shape);
  return sourceLike(source, {
    count,
    labels: null,
    read: async (first: number, some: number) => {
      const pixels = new Uint8Array(some * size);
      for (let i = 0; i < some; i++) {
        pixels.set(await readImages(source, Math.floor(((first + i) * source.count) / count), 1), i * size);
      }
      return pixels;
    },
  });
}

/** Where a source was given or bytes, as a source. */
export const asSource = (images: ImageSource | Uint8Array, shape: Shape): ImageSource =>
  typeof images === 'object' && images !== null && 'read' in images ? images : pixelsSource(images, shape);

/**
 * Checks that a network can take a source's images: of its own shape, or as many pixels where either is a plain vector.
 * @throws OptionError
 */
export function checkSource(source: ImageSource, input: Shape): void {
  if (typeof source?.read !== 'function') {
    const what = source instanceof Uint8Array ? 'are bytes' : 'have no function "read"';
    throw new OptionError('images', 'images', `${what}, a source is needed`, 'see pixelsSource; or call classify');
  }
  checkArgument('source', source, SOURCE);
  checkCount(source);
  const { shape } = source;
  const vector = isVector(shape) || isVector(input);
  if (vector ? shapeSize(shape) === shapeSize(input) : sizes(shape) === sizes(input)) return;
  const what = `are of ${sizes(shape)}, the network takes ${sizes(input)} (channels × height × width)`;
  throw new OptionError('images', 'images of the source', what, 'choose images that the network was trained on');
}

const isVector = ({ height, width }: Shape): boolean => height === 1 && width === 1;

function checkCount({ count }: ImageSource): void {
  if (Number.isSafeInteger(count) && count >= 0) return;
  throw new OptionError('images', 'images of the source', `count ${count} is not a number of images`, 'give an integer, 0 or more');
}

/**
 * Images [first, first + count) of a source, checked: what a user's own source gives is as `ImageSource` says, or an error names the
 * images. Errors of the library (a damaged file, say) come through as they are.
 * @throws OptionError
 */
export async function readImages(source: ImageSource, first: number, count: number): Promise<Uint8Array> {
  const refuse = (what: string, remedy: string, cause?: unknown): never => {
    const where = `source of images, images ${first} to ${first + count - 1} of ${source.count}`;
    throw new OptionError('images', where, what, remedy, { cause });
  };
  let pixels: Uint8Array;
  try {
    pixels = await source.read(first, count);
  } catch (cause) {
    if (cause instanceof BsnnError) throw cause;
    return refuse(`cannot be read (${cause instanceof Error ? cause.message : cause})`, 'look at what it reads', cause);
  }
  if (!(pixels instanceof Uint8Array)) return refuse('did not come as a Uint8Array', REMEDY);
  const expected = count * shapeSize(source.shape);
  if (pixels.length === expected) return pixels;
  return refuse(`came as ${pixels.length} bytes, ${count} images of ${sizes(source.shape)} are ${expected}`, REMEDY);
}

/**
 * Hands the images of a source on batch by batch, in order; the next batch is read during `work` on this one.
 * @throws OptionError for what the source gives, and whatever `work` throws
 */
export async function eachBatch(
  source: ImageSource,
  batch: number,
  work: (pixels: Uint8Array, first: number, count: number) => void | Promise<void>,
): Promise<void> {
  const { count } = source;
  const read = readAhead(source, batch, count);
  try {
    for (let first = 0; first < count; first += batch) {
      const pixels = await read.take();
      read.next();
      await work(pixels, first, Math.min(batch, count - first));
    }
  } finally {
    await read.settle();
  }
}

/** Reads the batches of a source in order, one of them ahead of its use. */
export interface ReadAhead {
  /** The batch that is being read. */
  take(): Promise<Uint8Array>;
  /** Begins to read the one after it, where there is one. */
  next(): void;
  /** Waits for what is still being read, so that nothing of it goes on; its error is nobody's. */
  settle(): Promise<void>;
}

/** Begins to read the first of the batches of `count` images. */
export function readAhead(source: ImageSource, batch: number, count: number): ReadAhead {
  let first = 0;
  let reading: Promise<Uint8Array> | null = null;
  const next = (): void => {
    reading = first < count ? readImages(source, first, Math.min(batch, count - first)) : null;
    reading?.catch(() => {}); // taken or not, a rejection is seen
    first += batch;
  };
  next();
  return {
    take: () => reading as Promise<Uint8Array>,
    next,
    settle: async () => {
      await reading?.catch(() => {});
    },
  };
}
