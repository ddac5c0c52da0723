/** A nap is this share of the time that was waited: what is over sooner is not waited for much longer than it takes … */
const SHARE = 1 / 16;
/** … and no longer than this, in milliseconds: the event loop may have other things to do. */
const LONGEST_MS = 4;

/**
 * Waits for work that a driver does on the CPU, and leaves it the cores. While a promise of WebGPU is pending, Node's implementation polls
 * at every turn of the event loop, with a whole core: half of what a driver has on two. So the thread takes a nap at every turn. Elsewhere
 * than in Node nothing is slept.
 */
export async function napping<T>(work: Promise<T>): Promise<T> {
  if (typeof setImmediate !== 'function' || typeof SharedArrayBuffer !== 'function') return work;
  const asleep = new Int32Array(new SharedArrayBuffer(4)); // nobody ever wakes it
  let pending = true;
  const done = () => {
    pending = false;
  };
  work.then(done, done);
  const begun = performance.now();
  for (;;) {
    await new Promise((turn) => setImmediate(turn));
    if (!pending) return work;
    Atomics.wait(asleep, 0, 0, Math.min(LONGEST_MS, (performance.now() - begun) * SHARE));
  }
}
