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
 * Waits for batches without asking the device all the time: while a promise of WebGPU is pending, Node's implementation polls
 * with a whole core, which on few cores halves what a software driver gets. So most of a batch's expected time, that of those
 * before it, is slept through first. With the next batch queued already, sleeping a little too long leaves no gap.
 */
export class Patience {
  #expectedMsAnImage = 0;
  #landed = 0;

  /** A stream of batches begins: the time until now was nobody's. */
  begin(): void {
    this.#landed = performance.now();
  }

  /** Sleeps until shortly before the next batch should be done, then waits with `land`. */
  async wait(images: number, land: () => Promise<void>): Promise<void> {
    const restMs = this.#expectedMsAnImage * images * REST - (performance.now() - this.#landed);
    if (restMs > IMMEDIATE) await new Promise((resolve) => setTimeout(resolve, restMs));
    const woke = performance.now();
    await land();
    const now = performance.now();
    const overslept = restMs > IMMEDIATE && now - woke < IMMEDIATE;
    this.#expectedMsAnImage = expectation(this.#expectedMsAnImage, (now - this.#landed) / images, overslept);
    this.#landed = now;
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

/**
 * Runs `count` images in batches, with `IN_FLIGHT` of them under way.
 * @param submit reads, uploads and submits images [first, first + size) into a slot, without waiting for results
 * @param land waits for what `submit` returned and takes the results
 * @param onProgress called with the number of images done so far
 * @param patience what earlier streams of the same work have shown of its time
 */
export async function stream<T>(
  count: number,
  batch: number,
  submit: (first: number, size: number, slot: number) => T | Promise<T>,
  land: (submitted: T, first: number, size: number) => Promise<void>,
  onProgress?: (images: number) => void,
  patience: Patience = new Patience(),
): Promise<StreamTimes> {
  const begun = performance.now();
  const landed: number[] = [];
  patience.begin();
  const flying: { submitted: T; first: number; size: number }[] = [];
  const next = async () => {
    const { submitted, first, size } = flying.shift() as (typeof flying)[number];
    await patience.wait(size, () => land(submitted, first, size));
    landed.push(performance.now());
    onProgress?.(first + size);
  };
  try {
    for (let first = 0, i = 0; first < count; first += batch, i++) {
      if (flying.length === IN_FLIGHT) await next();
      const size = Math.min(batch, count - first);
      flying.push({ submitted: await submit(first, size, i % IN_FLIGHT), first, size });
    }
    while (flying.length > 0) await next();
    return { begun, first: landed[0] ?? begun, last: landed[landed.length - 1] ?? begun };
  } catch (error) {
    // what is still under way must come down, so that its slots can be used again
    for (const { submitted, first, size } of flying) await land(submitted, first, size).catch(() => {});
    throw error;
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
