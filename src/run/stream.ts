import type { OnBatch } from './batch.ts';
import { type ImageSource, readAhead } from './source.ts';

/** Batches under way at once: the next one is uploaded while the GPU works on this one. */
export const IN_FLIGHT = 2;

/** Share of a batch's expected time that is slept through; the rest is waited for. */
const REST = 0.9;
/** A wait shorter than this (ms) says that the batch had been done before: the expectation was too long. */
const IMMEDIATE = 1;
/** The first batch of all is waited for without sleep, which on few cores takes it up to twice its time. */
const FIRST = 0.5;
/** An expectation grows slowly, since one batch that was held up says little of the next … */
const GROWTH = 1.25;
/** … and shrinks fast, since the GPU has nothing to do while a batch's end is slept through with the next one done too. */
const SHRINK = 0.6;

/**
 * What to expect of the next batch. Pure.
 * @param expected what was expected of this one, 0 where nothing was
 * @param taken what it took; with `overslept` no more is known than that it took less than was slept
 */
export function expectation(expected: number, taken: number, overslept: boolean): number {
  if (expected === 0) return taken * FIRST;
  return overslept ? expected * SHRINK : Math.min(taken, expected * GROWTH);
}

/**
 * Waits for batches. While a promise of WebGPU is pending, Node's implementation polls with a whole core, which on few cores halves what
 * a software driver gets. So there most of a batch's expected time, that of those before it, is slept through first. With the next
 * batch queued already, sleeping a little too long leaves no gap. Hardware needs no core, and a first batch in which its driver
 * compiles and its clocks rise says nothing of the next: there nothing is slept.
 */
export class Patience {
  readonly #sleeps: boolean;
  #expectedMsAnImage = 0;
  #landed = 0;

  /** @param sleeps the device computes on the cores that waiting takes */
  constructor(sleeps: boolean) {
    this.#sleeps = sleeps;
  }

  /** A stream of batches begins: the time until now was nobody's. */
  begin(): void {
    this.#landed = performance.now();
  }

  /** Sleeps until shortly before the next batch should be done, then waits with `land`. */
  async wait<B>(images: number, land: () => Promise<B>): Promise<B> {
    if (!this.#sleeps) return land();
    const restMs = this.#expectedMsAnImage * images * REST - (performance.now() - this.#landed);
    if (restMs > IMMEDIATE) await new Promise((resolve) => setTimeout(resolve, restMs));
    const woke = performance.now();
    const result = await land();
    const now = performance.now();
    const overslept = restMs > IMMEDIATE && now - woke < IMMEDIATE;
    this.#expectedMsAnImage = expectation(this.#expectedMsAnImage, (now - this.#landed) / images, overslept);
    this.#landed = now;
    return result;
  }
}

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
 * @param patience what earlier streams of the same work have shown of its time
 */
export async function stream<T, B>(
  source: ImageSource,
  batch: number,
  { submit, land, deliver }: Stages<T, B>,
  patience: Patience = new Patience(false),
): Promise<StreamTimes> {
  const { count } = source;
  const read = readAhead(source, batch, count);
  const flying: { submitted: T; first: number; size: number }[] = [];
  const now = performance.now();
  const times = { begun: now, first: 0, last: now };
  const next = async () => {
    const { submitted, first, size } = flying.shift() as (typeof flying)[number];
    const result = await patience.wait(size, () => land(submitted, first, size));
    times.last = performance.now();
    times.first ||= times.last;
    await deliver(result);
  };
  try {
    for (let first = 0, i = 0; first < count; first += batch, i++) {
      if (flying.length === IN_FLIGHT) await next();
      const pixels = await read.take();
      if (i === 0) {
        times.begun = performance.now();
        patience.begin();
      }
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
