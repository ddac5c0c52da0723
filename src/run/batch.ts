import { type OptionCode, OptionError } from '../errors.ts';
import type { Device } from '../gpu/device.ts';
import type { Choice } from '../plan/choices.ts';
import type { Program } from '../plan/program.ts';

/** What one batch of a spiking network gave. Sums over batches, in any order, are those of the whole. */
export interface Batch {
  /** Its first image, and how many it has. */
  readonly first: number;
  readonly images: number;
  /** The readout's membranes, [point in time][image][class]: integers, equal on every device. */
  readonly potentials: Int32Array;
  /** Spikes of each layer (0 for pools and readout). */
  readonly spikes: readonly number[];
  /** From the batch's first dispatch to its last, by the GPU's own clock; null without. */
  readonly gpuSeconds: number | null;
}

/** Takes results, which are [point][image of the layout][class] and the spikes of each layer, apart into batches. */
export const readSpiking =
  (
    { batch, classes, results }: Program & { readonly classes: number },
    layers: number,
    onBatch: (batch: Batch) => void | Promise<void>,
  ) =>
  (mapped: ArrayBuffer, first: number, images: number, gpuSeconds: number | null): void | Promise<void> => {
    const [{ size }] = results;
    const values = new Int32Array(mapped, 0, size / 4);
    const points = values.length / batch / classes;
    const potentials = new Int32Array(points * images * classes);
    for (let p = 0; p < points; p++) {
      potentials.set(values.subarray(p * batch * classes, (p * batch + images) * classes), p * images * classes);
    }
    return onBatch({ first, images, potentials, spikes: Array.from(new Uint32Array(mapped, size, layers)), gpuSeconds });
  };

/** All batches of a few images, put together. */
export function collect(images: number, points: number, classes: number, layers: number) {
  const potentials = new Int32Array(points * images * classes);
  const spikes = new Array<number>(layers).fill(0);
  const add = (batch: Batch): void => {
    for (let p = 0; p < points; p++) {
      const rows = batch.potentials.subarray(p * batch.images * classes, (p + 1) * batch.images * classes);
      potentials.set(rows, (p * images + batch.first) * classes);
    }
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
  if (form === 'matrix' && !device.matrix) refuse('form', form, 'matrix units for operands of 8 bits or f16');
}
