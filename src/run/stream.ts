import type { OnBatch } from './batch.ts';
import { type ImageSource, readAhead } from './source.ts';

/** Batches under way at once: the next one is uploaded while the GPU works on this one. */
export const IN_FLIGHT = 2;

/** When things happened, in milliseconds of `performance.now()`; all of them the same where there was no image. */
export interface StreamTimes {
  /** Before the first batch was uploaded. */
  readonly begun: number;
  /** The first batch had landed: its results were there. */
  readonly first: number;
  /** The last one had. */
  readonly last: number;
}

/** What a stream does with each batch. */
export interface Stages<T, B> {
  /** Uploads and submits images [first, first + size) into a slot, without waiting. */
  readonly submit: (pixels: Uint8Array, first: number, size: number, slot: number) => T;
  /** Waits for what `submit` returned and takes the results. */
  readonly land: (submitted: T, first: number, size: number) => Promise<B>;
  /** Takes what `land` gave. */
  readonly deliver: OnBatch<B>;
}

/**
 * Runs a source's images in batches, with `IN_FLIGHT` of them under way and one more being read. An error of the source or of a
 * stage ends it, once nothing of it is under way any more.
 */
export async function stream<T, B>(
  source: ImageSource,
  batch: number,
  { submit, land, deliver }: Stages<T, B>,
): Promise<StreamTimes> {
  const { count } = source;
  const read = readAhead(source, batch, count);
  const flying: { submitted: T; first: number; size: number }[] = [];
  const now = performance.now();
  const times = { begun: now, first: 0, last: now };
  const next = async () => {
    const { submitted, first, size } = flying.shift() as (typeof flying)[number];
    const result = await land(submitted, first, size);
    times.last = performance.now();
    times.first ||= times.last;
    await deliver(result);
  };
  try {
    for (let first = 0, i = 0; first < count; first += batch, i++) {
      if (flying.length === IN_FLIGHT) await next();
      const pixels = await read.take();
      if (i === 0) times.begun = performance.now();
      const size = Math.min(batch, count - first);
      flying.push({ submitted: submit(pixels, first, size, i % IN_FLIGHT), first, size });
      read.next();
    }
    while (flying.length > 0) await next();
    return { ...times, first: times.first || times.begun };
  } catch (error) {
    // what is still under way must come down, so that its slots can be used again
    for (const { submitted, first, size } of flying) await land(submitted, first, size).catch(() => {});
    throw error;
  } finally {
    await read.settle();
  }
}

/** Runs what it is given one after another, in the order of the calls, whether or not the one before failed. */
export function oneAfterAnother(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  };
}

/** `writeBuffer` takes whole words of 4 bytes. */
export function padToWords(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (bytes.byteLength % 4 === 0 && bytes.buffer instanceof ArrayBuffer) return bytes as Uint8Array<ArrayBuffer>;
  const padded = new Uint8Array(Math.ceil(bytes.byteLength / 4) * 4);
  padded.set(bytes);
  return padded;
}
