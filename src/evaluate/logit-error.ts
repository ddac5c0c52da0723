/** Logits of some images, [image][class]. */
export type Logits = Float32Array | Float64Array;

/**
 * Relative error of logits: how far they are from the trained network's, in units of what tells these from one another,
 *
 *     √( Σ (z − z_ann)² / Σ (z_ann − mean over an image's classes of z_ann)² )
 *
 * over all images and classes. 0 is the same; at 1 as much is wrong as was there. Errors that have nothing to do with one another add up
 * in squares. One class alone is told from 0, where it is decided. @param from what `logits` are compared with, where it is not the trained network
 */
export function logitError(logits: Logits, trained: Logits, classes: number, from: Logits = trained): number {
  let [distance, spread] = [0, 0];
  for (let first = 0; first < trained.length; first += classes) {
    let mean = 0;
    for (let i = first; i < first + classes; i++) mean += classes > 1 ? trained[i] / classes : 0;
    for (let i = first; i < first + classes; i++) {
      distance += (logits[i] - from[i]) ** 2;
      spread += (trained[i] - mean) ** 2;
    }
  }
  return spread === 0 ? 0 : Math.sqrt(distance / spread);
}
