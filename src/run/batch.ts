/** What sessions give, batch by batch: plain data. Accuracy, spikes and the like are folds over it (`evaluate/folds`). */

/** What a spiking network gave for one batch of images. */
export interface Batch {
  /** Index of the batch's first image in the source, and how many images it has. */
  readonly first: number;
  readonly images: number;
  /** The readout's membranes, [point][image][class], at the session's `points`: integers, equal on every device. The receiver's to keep. */
  readonly potentials: Int32Array;
  /** Spikes of each layer (0 for pools and readout), all images of the batch together. */
  readonly spikes: readonly number[];
  /** In which the GPU computed the batch, by its own timestamps; null where they are not taken. */
  readonly gpuSeconds: number | null;
}

/** What the trained network gave for one batch. */
export interface AnnBatch {
  readonly first: number;
  readonly images: number;
  /** [image][class] */
  readonly logits: Float32Array;
}

/** Takes what batches give, in order. What it throws ends the run; a promise is waited for. It must not wait for the same session. */
export type OnBatch<B> = (batch: B) => void | Promise<void>;

/** When the potentials of a session's batches are taken. */
export interface Points {
  /** Time steps from the image's onset (specification, section 6). */
  readonly steps: readonly number[];
  /** What potentials · units is divided by for logits, at each point; 0 where no spike can have come yet. */
  readonly divisors: readonly number[];
}

/** Wall-clock seconds of a run, and what the GPU did of them. */
export interface RunTiming {
  /** From the first batch's upload to the last one's results. */
  readonly seconds: number;
  /** From the first batch's upload to its results. */
  readonly firstBatchSeconds: number;
  /** In which the GPU computed, by its own timestamps; null where they are not taken. */
  readonly gpuBusySeconds: number | null;
}

/** A run, after its last batch. */
export interface RunSummary {
  readonly images: number;
  readonly timing: RunTiming;
}

/** A batch's potentials at one point, [image][class]; a view. */
export function potentialsAt(
  { potentials, images }: Pick<Batch, 'potentials' | 'images'>,
  point: number,
  classes: number,
): Int32Array {
  return potentials.subarray(point * images * classes, (point + 1) * images * classes);
}

/**
 * A batch's logits at one point, [image][class], in the trained network's units.
 * @param session where the batch comes from: its `units` and `points`
 */
export function logitsAt(
  batch: Pick<Batch, 'potentials' | 'images'>,
  point: number,
  { units, points }: { readonly units: Float64Array; readonly points: Points },
): Float64Array {
  const classes = units.length;
  const divisor = points.divisors[point];
  return Float64Array.from(potentialsAt(batch, point, classes), (v, i) => (v * units[i % classes]) / divisor);
}

/** Puts a batch's potentials in their place among those of all `images`, [point][image][class]. */
export function place(all: Int32Array, images: number, batch: Batch, points: number, classes: number): void {
  for (let p = 0; p < points; p++) {
    all.set(potentialsAt(batch, p, classes), (p * images + batch.first) * classes);
  }
}

/** The potentials of the first `images` of a layout for `capacity`, [point][image][class]: a copy. */
export function takeImages(values: Int32Array, points: number, images: number, capacity: number, classes: number): Int32Array {
  const taken = new Int32Array(points * images * classes);
  for (let p = 0; p < points; p++) {
    taken.set(values.subarray(p * capacity * classes, (p * capacity + images) * classes), p * images * classes);
  }
  return taken;
}
