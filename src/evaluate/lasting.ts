import { BsnnError, DeviceError } from '../errors.ts';
import { peakBytes } from '../gpu/buffers.ts';
import type { Device } from '../gpu/device.ts';
import type { OnBatch, RunSummary } from '../run/batch.ts';
import { type ImageSource, sliceSource } from '../run/source.ts';

/** Losses of a device without a batch between them after which nobody opens it again. */
const MOST_LOSSES = 3;

/** What of a batch says where its images stand. */
interface Landed {
  readonly first: number;
  readonly images: number;
}

/** A session, as far as it runs images. */
interface Runs<B> {
  run(source: ImageSource, onBatch: OnBatch<B>): Promise<RunSummary>;
}

/** Runs what has not landed yet of a source's images. @param take takes each batch, its place among all images */
export type RunRest = <B extends Landed>(session: Runs<B>, take: (batch: B) => void) => Promise<RunSummary>;

/** Whatever WebGPU gives once a device is lost, it is no error of the caller's. */
const mayBeLoss = (error: unknown): boolean => error instanceof DeviceError || !(error instanceof BsnnError);

/**
 * A device that is opened again where it is lost (a driver's reset, a shader that ran too long), so that work goes on. What was on it is gone:
 * sessions are made anew.
 */
export class LastingDevice {
  #device: Device;
  readonly #reopen: Device['reopen'];
  readonly #opened: Device[] = [];
  #losses = 0;
  #peak = 0;

  /** @param reopen how it is opened again; null where it is not */
  constructor(device: Device, reopen: Device['reopen'] = device.reopen) {
    this.#device = device;
    this.#reopen = reopen;
  }

  /** The most bytes that all buffers held at once, on any of the devices. */
  get peakBytes(): number {
    return Math.max(this.#peak, peakBytes(this.#device));
  }

  /** Work got on: three more losses may follow. */
  progressed(): void {
    this.#losses = 0;
  }

  /**
   * Does work on the device; where that is lost meanwhile, it is opened again and the work is called again.
   * @param work keeps what it has done
   * @throws what `work` throws; DeviceError `device-lost` where it is lost for good
   */
  async through<T>(work: (device: Device) => Promise<T>): Promise<T> {
    for (;;) {
      const device = this.#device;
      try {
        return await work(device);
      } catch (error) {
        if (!mayBeLoss(error) || !(await device.isLost())) throw error;
        if (this.#reopen === null || ++this.#losses > MOST_LOSSES) device.check();
        this.#peak = this.peakBytes;
        this.#device = await (this.#reopen as NonNullable<Device['reopen']>)();
        this.#opened.push(this.#device);
      }
    }
  }

  /** Runs the images of a source, whatever becomes of the device: called again, it goes on at the first batch that did not land. */
  resumable(source: ImageSource): RunRest {
    let done = 0;
    let begun = 0;
    let firstSeconds = 0;
    const secondsSince = (start: number) => (performance.now() - start) / 1000;
    return async (session, take) => {
      const from = done;
      begun ||= performance.now();
      const rest = from === 0 ? source : sliceSource(source, from, source.count - from);
      const { timing } = await session.run(rest, (batch) => {
        firstSeconds ||= secondsSince(begun);
        take({ ...batch, first: from + batch.first });
        done = from + batch.first + batch.images;
        this.progressed();
      });
      const whole = { seconds: secondsSince(begun), firstBatchSeconds: firstSeconds, gpuBusySeconds: null };
      return { images: source.count, timing: from === 0 ? timing : whole };
    };
  }

  /** Gives back the devices that it opened; the one that it was given is its owner's. */
  dispose(): void {
    for (const device of this.#opened) device.dispose();
  }
}

/** Does work on a device that lasts. */
export async function lasting<T>(device: Device, work: (lasting: LastingDevice) => Promise<T>): Promise<T> {
  const one = new LastingDevice(device);
  try {
    return await work(one);
  } finally {
    one.dispose();
  }
}
