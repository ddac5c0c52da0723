import { shapeSize } from '../ann/ann.ts';
import { Buffers, mapForReading } from '../gpu/buffers.ts';
import type { Device } from '../gpu/device.ts';
import { addPartials, diagnose, diagnoseParameters, diagnoseWorkgroups, floatBits, PARTIAL_BYTES } from '../kernels/diagnose.ts';
import { type BoundKernel, dispatch, packParameters } from '../kernels/kernel.ts';
import type { Decoding, LayerSums } from '../network/diagnosis.ts';
import { fanOut } from '../network/fan-out.ts';
import type { SpikingNetwork } from '../network/network.ts';

/** The trained network's activations on the GPU, of all layers at once. */
export interface Activations {
  /** Cells of four channels. */
  readonly cells: GPUBuffer;
  /** First cell of each layer, [block of 4 channels][y][x][image]. */
  readonly layers: readonly number[];
  /** Images in the layout. */
  readonly batch: number;
}

/** Where the spikes of one layer are counted on the GPU, [channel][y][x][image]. */
export interface LayerCounts {
  readonly layer: number;
  /** u32: spikes so far. */
  readonly counts: GPUBuffer;
  /** i32: sum of their weights. */
  readonly decoded: GPUBuffer;
  /** First entry of the layer in both. */
  readonly first: number;
  /** What fills them just before they are read; null where they are up to date. */
  readonly tally: BoundKernel | null;
}

interface Engine {
  readonly buffers: Buffers;
  /** [moment][counted layer] */
  readonly kernels: readonly (readonly { readonly tally: BoundKernel | null; readonly diagnose: BoundKernel }[])[];
  readonly parameters: GPUBuffer;
  readonly batch: GPUBuffer;
  readonly partials: GPUBuffer;
  readonly readback: GPUBuffer;
  /** First partial of each counted layer within a moment, and how many they are in all. */
  readonly offsets: readonly number[];
  /** Values of the parameters, but for how spikes are read, [moment][counted layer]. */
  readonly layers: readonly (readonly Readonly<Record<string, number>>[])[];
}

/** What a diagnosis looks at, and when. */
export interface DiagnosisOptions {
  /** Moments of one batch that are looked at (default 1). */
  readonly moments?: number;
  /** Synchronous neurons take part (default): their spikes are synaptic operations too. */
  readonly synchronous?: boolean;
}

/**
 * Compares the spikes of a batch with the trained network's activations of the same images (specification, section 10), at one
 * moment or several: `set`, then `encode` for each moment where the counts are what they should be, then `read`.
 */
export class DiagnosisSession {
  readonly #device: Device;
  readonly #engine: Engine;

  private constructor(device: Device, engine: Engine) {
    this.#device = device;
    this.#engine = engine;
  }

  /**
   * @param counted the layers to look at; without max pools among them, all spikes are taken to pass through these
   * @param batch images in the layout of the counts
   * @throws DeviceError
   */
  static async create(
    device: Device,
    network: SpikingNetwork,
    activations: Activations,
    counted: readonly LayerCounts[],
    batch: number,
    options: DiagnosisOptions = {},
  ): Promise<DiagnosisSession> {
    return new DiagnosisSession(device, await prepare(device, network, activations, counted, batch, options));
  }

  /**
   * Says how many images there are, and how their spikes are read.
   * @param decoding [moment][counted layer]
   */
  set(images: number, decoding: readonly (readonly Decoding[])[]): void {
    this.#device.check();
    const { queue } = this.#device.handle;
    const structs = this.#engine.layers.flatMap((moment, m) =>
      moment.map((layer, i) => {
        const { unit, saturation } = decoding[m][i];
        return { layout: diagnoseParameters, parameters: { ...layer, saturation, unit: floatBits(unit) } };
      }),
    );
    queue.writeBuffer(this.#engine.parameters, 0, packParameters(structs).data);
    queue.writeBuffer(this.#engine.batch, 0, Uint32Array.of(images));
  }

  /** Encodes the comparison of one moment. */
  encode(encoder: GPUCommandEncoder, moment: number): void {
    const pass = encoder.beginComputePass();
    for (const kernel of this.#engine.kernels[moment]) {
      if (kernel.tally) dispatch(pass, kernel.tally);
      dispatch(pass, kernel.diagnose);
    }
    pass.end();
  }

  /** The sums of all moments that were submitted, [moment][counted layer]. */
  async read(): Promise<LayerSums[][]> {
    const { layers, partials, readback, offsets } = this.#engine;
    const encoder = this.#device.handle.createCommandEncoder();
    encoder.copyBufferToBuffer(partials, 0, readback, 0, readback.size);
    this.#device.handle.queue.submit([encoder.finish()]);
    const mapped = await mapForReading(readback, () => this.#device.check());
    const end = offsets[offsets.length - 1];
    const sums = layers.map((moment, m) =>
      moment.map((_, i) => {
        const [from, to] = [offsets[i], offsets[i + 1]].map((at) => (m * end + at) * PARTIAL_BYTES);
        return addPartials(mapped.slice(from, to));
      }),
    );
    readback.unmap();
    this.#device.check();
    return sums;
  }

  /** Looks at the images that lie in the buffers now: the sums of each counted layer. For sessions of one moment. */
  async measure(images: number, decoding: readonly Decoding[]): Promise<LayerSums[]> {
    this.set(images, [decoding]);
    const encoder = this.#device.handle.createCommandEncoder();
    this.encode(encoder, 0);
    this.#device.handle.queue.submit([encoder.finish()]);
    const [sums] = await this.read();
    return sums;
  }

  /** Frees the session's GPU memory. */
  dispose(): void {
    this.#engine.buffers.dispose();
  }
}

/** Where each of several ranges begins, one behind the other, and where the last one ends. */
function beginnings(sizes: readonly number[]): number[] {
  const offsets = [0];
  for (const size of sizes) offsets.push(offsets[offsets.length - 1] + size);
  return offsets;
}

async function prepare(
  device: Device,
  network: SpikingNetwork,
  activations: Activations,
  counted: readonly LayerCounts[],
  batch: number,
  { moments = 1, synchronous = true }: DiagnosisOptions,
): Promise<Engine> {
  const buffers = new Buffers(device);
  const shapes = counted.map(({ layer }) => network.layers[layer].shape);
  const offsets = beginnings(shapes.map((shape) => diagnoseWorkgroups(shapeSize(shape), batch)));
  const places = beginnings(shapes.map(shapeSize));
  const table = fanOutTable(network, counted, places, synchronous);
  const layers = Array.from({ length: moments }, (_, moment) =>
    counted.map(({ layer, first }, i) => ({
      neurons: shapeSize(shapes[i]),
      area: shapes[i].height * shapes[i].width,
      batch,
      cellBatch: activations.batch,
      cells: activations.layers[layer],
      counts: first,
      fanOut: places[i],
      workgroups: offsets[i + 1] - offsets[i],
      partials: moment * offsets[counted.length] + offsets[i],
    })),
  );
  try {
    return await device.guard(`diagnosis of "${network.name}"`, async () => {
      const structs = packParameters(layers.flat().map((parameters) => ({ layout: diagnoseParameters, parameters })));
      const parameters = buffers.create('parameters', 'uniform', structs.data.byteLength);
      const uniform = buffers.create('batch', 'uniform', 16);
      const fan = buffers.create('fan-out', 'storage', table.byteLength, table);
      const bytes = Math.max(1, moments * offsets[counted.length]) * PARTIAL_BYTES;
      const partials = buffers.create('partials', 'storage', bytes);
      const readback = buffers.create('readback', 'readback', bytes);
      const bind = async (i: number, at: number) => {
        const { counts, decoded, tally } = counted[i];
        const bindings = {
          cells: { buffer: activations.cells },
          counts: { buffer: counts },
          decoded: { buffer: decoded },
          fanOut: { buffer: fan },
          layer: { buffer: parameters, offset: structs.offsets[at], size: diagnoseParameters.size },
          batch: { buffer: uniform },
          partials: { buffer: partials },
        };
        return { tally, diagnose: await diagnose(device, bindings, offsets[i + 1] - offsets[i]) };
      };
      const kernels = await Promise.all(
        layers.map((moment, m) => Promise.all(moment.map((_, i) => bind(i, m * counted.length + i)))),
      );
      return { buffers, kernels, parameters, batch: uniform, partials, readback, offsets, layers };
    });
  } catch (error) {
    buffers.dispose();
    throw error;
  }
}

/** The fan-out of all counted layers, one behind the other. */
function fanOutTable(
  network: SpikingNetwork,
  counted: readonly LayerCounts[],
  places: readonly number[],
  synchronous: boolean,
): Uint32Array<ArrayBuffer> {
  const maximaCounted = counted.some(({ layer }) => network.layers[layer].kind === 'pool');
  const synapses = fanOut(network, { synchronous, maximaCounted });
  const table = new Uint32Array(places[counted.length]);
  counted.forEach(({ layer }, i) => {
    table.set(synapses[layer] ?? [], places[i]);
  });
  return table;
}
