import { checkArgument, integer, isObject, object } from '../checks.ts';
import { type OptionCode, OptionError } from '../errors.ts';
import type { Device } from '../gpu/device.ts';
import type { Choice } from '../plan/choices.ts';
import type { Program } from '../plan/program.ts';

/** What sessions give, batch by batch: plain data. Accuracy, spikes and the like are folds over it (`evaluate/folds`). */

/** What a spiking network gave for one batch of images. */
export interface Batch {
  /** Index of the batch's first image in the source, and how many images it has. */
  readonly first: number;
  readonly images: number;
  /**
   * The readout's membranes, [point][image][class], at the session's `points`: integers of any size, equal on every device. The
   * receiver's to keep.
   */
  readonly potentials: Float64Array;
  /** Spikes of each layer (0 for pools and readout), all images of the batch together. */
  readonly spikes: readonly number[];
  /** In which the GPU computed the batch, by its own timestamps; null where they are not taken. */
  readonly gpuSeconds: number | null;
  /** The words of all layers as the plan's regions say where they lie; only of a session with `readWords`. The receiver's to keep. */
  readonly arena?: Uint32Array;
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
): Float64Array {
  return potentials.subarray(point * images * classes, (point + 1) * images * classes);
}

/** What `logitsAt` takes. */
const BATCH = object('a batch of a session', ({ potentials }) => potentials instanceof Float64Array);
const SESSION = object(
  'a session',
  ({ units, points }) => units instanceof Float64Array && isObject(points) && Array.isArray(points.divisors),
);

/**
 * A batch's logits at one point, [image][class], in the trained network's units.
 * @param session where the batch comes from: its `units` and `points`
 */
export function logitsAt(
  batch: Pick<Batch, 'potentials' | 'images'>,
  point: number,
  session: { readonly units: Float64Array; readonly points: Points },
): Float64Array {
  checkArgument('batch', batch, BATCH);
  checkArgument('session', session, SESSION);
  const { units, points } = session;
  checkArgument('point', point, integer(0, points.divisors.length - 1));
  const classes = units.length;
  const divisor = points.divisors[point];
  return Float64Array.from(potentialsAt(batch, point, classes), (v, i) => (v * units[i % classes]) / divisor);
}

/** Puts a batch's potentials in their place among those of all `images`, [point][image][class]. */
function place(all: Float64Array, images: number, batch: Batch, points: number, classes: number): void {
  for (let p = 0; p < points; p++) {
    all.set(potentialsAt(batch, p, classes), (p * images + batch.first) * classes);
  }
}

/**
 * Takes the results of a spiking program apart: what came to the readout, [point][image of the layout][class], and the spikes of each
 * layer. At each point the device gives what has come since the last point that `begins`, in 32 bits; the potentials are the sums of
 * all that, however many there are.
 */
export const takeBatch =
  (
    { batch: capacity, classes, results }: Program & { readonly classes: number },
    layers: number,
    begins: (point: number) => boolean,
  ) =>
  (mapped: ArrayBuffer, first: number, images: number, gpuSeconds: number | null): Batch => {
    const [{ size }, counters, arena] = results;
    const came = new Int32Array(mapped, 0, size / 4);
    const row = images * classes;
    const points = came.length / capacity / classes;
    const potentials = new Float64Array(points * row);
    let before = new Float64Array(row);
    for (let p = 0; p < points; p++) {
      if (p > 0 && begins(p)) before = potentials.subarray((p - 1) * row, p * row);
      for (let i = 0; i < row; i++) potentials[p * row + i] = before[i] + came[p * capacity * classes + i];
    }
    const spikes = Array.from(new Uint32Array(mapped, size, layers));
    const words = arena && { arena: new Uint32Array(mapped, size + counters.size, arena.size / 4).slice() };
    return { first, images, potentials, spikes, gpuSeconds, ...words };
  };

/** All batches of a few images, put together. */
export function collect(images: number, points: number, classes: number, layers: number) {
  const potentials = new Float64Array(points * images * classes);
  const spikes = new Array<number>(layers).fill(0);
  const add = (batch: Batch): void => {
    place(potentials, images, batch, points, classes);
    batch.spikes.forEach((n, l) => {
      spikes[l] += n;
    });
  };
  return { potentials, spikes, add };
}

/** Refuses what the device cannot compute. @throws OptionError */
export function checkChoice(device: Device, { arithmetic, form }: Partial<Choice>): void {
  const refuse = (option: OptionCode, value: string, what: string): never => {
    throw new OptionError(option, option, `"${value}": this device has no ${what}`, 'leave the option out');
  };
  if (arithmetic === 'packed' && !device.packedDot) refuse('arithmetic', arithmetic, 'packed 8-bit dot products');
  if (form === 'matrix' && !device.matrix) refuse('form', form, 'matrix units for operands of 8 bits, f16 or f32');
}
