import { BsnnError, DeviceError } from '../errors.ts';
import { peakBytes } from '../gpu/buffers.ts';
import type { Device } from '../gpu/device.ts';

/** Losses of a device without a batch between them after which nobody opens it again. */
const MOST_LOSSES = 3;

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
  #callers: unknown = null;
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

  /** Calls what the caller handed in; an error of its own ends the work, whatever becomes of the device meanwhile. */
  async handOver(call: () => void | Promise<void>): Promise<void> {
    try {
      await call();
    } catch (error) {
      this.#callers = error;
      throw error;
    }
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
        if (error === this.#callers || !mayBeLoss(error) || !(await device.isLost())) throw error;
        if (this.#reopen === null || ++this.#losses > MOST_LOSSES) device.check();
        this.#peak = this.peakBytes;
        this.#device = await (this.#reopen as NonNullable<Device['reopen']>)();
        this.#opened.push(this.#device);
      }
    }
  }

  /** The same with a session of the device, or what else is to be disposed of, made anew where the device is lost. */
  withSession<S extends { dispose(): void }, T>(
    open: (device: Device) => Promise<S>,
    work: (session: S, device: Device) => Promise<T>,
  ): Promise<T> {
    return this.through(async (device) => {
      const session = await open(device);
      try {
        return await work(session, device);
      } finally {
        session.dispose();
      }
    });
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
