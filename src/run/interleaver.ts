import { type Buffers, mapForReading, upload } from '../gpu/buffers.ts';
import type { Device } from '../gpu/device.ts';
import type { SpikingNetwork } from '../network/network.ts';
import { type InterleavedProgram, passesOfCycle, planInterleaved } from '../plan/trains/interleaved.ts';
import { type TrainsOptions, trainsPackers } from '../plan/trains/plan.ts';
import type { OnBatch } from './batch.ts';
import { submitPasses } from './encode.ts';
import { besides, clear, type Loaded, load } from './load.ts';
import { checkSource, type ImageSource, type ReadAhead, readAhead } from './source.ts';
import { sparing } from './sparing.ts';
import { IN_FLIGHT, padToWords } from './stream.ts';
import { cutPasses, Pace } from './submissions.ts';

/** What a stream gave for the images of one cycle: those that run side by side. */
export interface StreamBatch {
  /** The first image, and how many there are. */
  readonly first: number;
  readonly images: number;
  /** The step, from the stream's beginning, after which they are known. */
  readonly step: number;
  /** The readout's membranes after one word, [image][class]: integers, equal on every device. */
  readonly potentials: Float64Array;
}

/** A stream, after its last image. In steps, whatever the device's speed. */
export interface StreamSummary {
  readonly images: number;
  /** Images that run side by side, each in a network of its own. */
  readonly lanes: number;
  /** Steps from an image's onset to its logits. */
  readonly latency: number;
  /** Steps from an image's onset to the next one's: what an image costs. */
  readonly stepsPerImage: number;
  /** Of all images. */
  readonly steps: number;
}

/** Feeds a network a new image every cycle, two at a time under way (specification, section 6, "interleaving"). */
export class Interleaver {
  readonly #loaded: Loaded<InterleavedProgram>;
  readonly #readbacks: readonly GPUBuffer[];
  readonly #input: SpikingNetwork['input'];
  readonly #pace: Pace;

  private constructor(loaded: Loaded<InterleavedProgram>, readbacks: readonly GPUBuffer[], { input }: SpikingNetwork) {
    this.#loaded = loaded;
    this.#readbacks = readbacks;
    this.#input = input;
    this.#pace = new Pace(loaded.device.description.software);
  }

  /** @throws OptionError for what cannot be interleaved, DeviceError */
  static async create(device: Device, network: SpikingNetwork, options: Omit<TrainsOptions, 'timesteps'>): Promise<Interleaver> {
    const plan = (batch = options.batch) => planInterleaved(network, device.limits, { ...options, batch });
    return sparing(plan, async (program) => {
      const loaded = await load(device, program, trainsPackers(network, options));
      const { size } = program.last[0];
      const readbacks = await besides(loaded, (buffers) =>
        Array.from({ length: IN_FLIGHT }, () => buffers.create('readback', 'readback', size)),
      );
      return new Interleaver(loaded, readbacks, network);
    });
  }

  get program(): InterleavedProgram {
    return this.#loaded.program;
  }

  get buffers(): Buffers {
    return this.#loaded.buffers;
  }

  /**
   * Runs a stream from its first image's onset to its last one's logits.
   * @param check throws where device or session are gone
   */
  async run(source: ImageSource, onImages: OnBatch<StreamBatch>, check: () => void): Promise<StreamSummary> {
    checkSource(source, this.#input.shape);
    const { cycle, latency, batch } = this.program;
    const fed = Math.ceil(source.count / batch);
    const behind = Math.floor((latency - 1) / cycle);
    const read = readAhead(source, batch, source.count);
    const flying: number[] = [];
    const next = () => this.#land(flying.shift() as number, behind, source.count, onImages, check);
    try {
      this.#clear();
      for (let index = 0; index < (fed === 0 ? 0 : fed + behind); index++) {
        if (flying.length === IN_FLIGHT) await next();
        check();
        await this.#submit(index, behind, index < fed ? read : null);
        flying.push(index);
      }
      while (flying.length > 0) await next();
    } finally {
      await read.settle();
      // what is still under way must come down, so that its read-backs can be used again
      const { device } = this.#loaded;
      await device.until(device.handle.queue.onSubmittedWorkDone()).catch(() => {});
    }
    return {
      images: source.count,
      lanes: batch,
      latency,
      stepsPerImage: cycle,
      steps: fed === 0 ? 0 : (fed - 1) * cycle + latency,
    };
  }

  /** Before the first image: no spike is under way. */
  #clear(): void {
    const { device } = this.#loaded;
    const encoder = device.handle.createCommandEncoder();
    clear(this.#loaded, encoder);
    device.handle.queue.submit([encoder.finish()]);
  }

  /** One cycle: the next images begin, where there are some; those that began `behind` cycles ago end. */
  async #submit(index: number, behind: number, read: ReadAhead | null): Promise<void> {
    const { device, program, data } = this.#loaded;
    const { handle } = device;
    if (read) {
      const pixels = padToWords(await read.take());
      read.next();
      const slot = program.buffers.pixels.bytes / 2;
      upload(device, data.pixels, (index % 2) * slot, pixels);
      // all lanes: those without an image compute something that nobody reads
      handle.queue.writeBuffer(data.batch, 0, Uint32Array.of(program.batch));
    }
    const passes = cutPasses(program.dispatches, passesOfCycle(program, index), this.#pace.most);
    submitPasses(this.#loaded, passes, program.batch, {
      end: (encoder) => {
        if (index < behind) return;
        const { offset, size } = program.last[(index - behind) % 2];
        encoder.copyBufferToBuffer(data.potentials, offset, this.#readbacks[index % IN_FLIGHT], 0, size);
      },
    });
  }

  async #land(index: number, behind: number, count: number, onImages: OnBatch<StreamBatch>, check: () => void): Promise<void> {
    const { device, program } = this.#loaded;
    if (index < behind) {
      await device.finish();
      return;
    }
    const readback = this.#readbacks[index % IN_FLIGHT];
    const mapped = await mapForReading(device, readback, check);
    const first = (index - behind) * program.batch;
    const images = Math.min(program.batch, count - first);
    const potentials = Float64Array.from(new Int32Array(mapped, 0, images * program.classes));
    readback.unmap();
    device.check();
    const step = (index - behind) * program.cycle + program.latency;
    await onImages({ first, images, step, potentials });
  }
}
