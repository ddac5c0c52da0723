import { Buffers, mapForReading } from '../gpu/buffers.ts';
import type { Device } from '../gpu/device.ts';
import { shapeSize } from '../graph/ann.ts';
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
  readonly kernels: readonly { readonly tally: BoundKernel | null; readonly diagnose: BoundKernel }[];
  readonly parameters: GPUBuffer;
  readonly batch: GPUBuffer;
  readonly partials: GPUBuffer;
  readonly readback: GPUBuffer;
  /** First partial of each counted layer, and how many they are in all. */
  readonly offsets: readonly number[];
  /** Values of each layer's parameters, but for how its spikes are read. */
  readonly layers: readonly Readonly<Record<string, number>>[];
}

/** Compares the spikes of a batch with the trained network's activations of the same images (specification, section 10). */
export class DiagnosisSession {
  readonly #device: Device;
  readonly #engine: Engine;

  private constructor(device: Device, engine: Engine) {
    this.#device = device;
    this.#engine = engine;
  }

  /**
   * @param counted the layers to look at
   * @param batch images in the layout of the counts
   * @param synchronous synchronous neurons take part: their spikes are synaptic operations too
   * @throws DeviceError
   */
  static async create(
    device: Device,
    network: SpikingNetwork,
    activations: Activations,
    counted: readonly LayerCounts[],
    batch: number,
    synchronous = true,
  ): Promise<DiagnosisSession> {
    return new DiagnosisSession(device, await prepare(device, network, activations, counted, batch, synchronous));
  }

  /**
   * Sums of each counted layer over the images that lie in the buffers now.
   * @param images how many they are
   * @param decoding how the spikes of each counted layer are read
   */
  async measure(images: number, decoding: readonly Decoding[]): Promise<LayerSums[]> {
    this.#device.check();
    const { handle } = this.#device;
    const { kernels, parameters, batch, partials, readback, offsets, layers } = this.#engine;
    const structs = layers.map((layer, i) => {
      const { unit, saturation } = decoding[i];
      return { layout: diagnoseParameters, parameters: { ...layer, saturation, unit: floatBits(unit) } };
    });
    handle.queue.writeBuffer(parameters, 0, packParameters(structs).data);
    handle.queue.writeBuffer(batch, 0, Uint32Array.of(images));
    const encoder = handle.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const kernel of kernels) {
      if (kernel.tally) dispatch(pass, kernel.tally);
      dispatch(pass, kernel.diagnose);
    }
    pass.end();
    encoder.copyBufferToBuffer(partials, 0, readback, 0, readback.size);
    handle.queue.submit([encoder.finish()]);
    const mapped = await mapForReading(readback, () => this.#device.check());
    const sums = layers.map((_, i) => addPartials(mapped.slice(offsets[i] * PARTIAL_BYTES, offsets[i + 1] * PARTIAL_BYTES)));
    readback.unmap();
    this.#device.check();
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
  synchronous: boolean,
): Promise<Engine> {
  const buffers = new Buffers(device);
  const shapes = counted.map(({ layer }) => network.layers[layer].shape);
  const offsets = beginnings(shapes.map((shape) => diagnoseWorkgroups(shapeSize(shape), batch)));
  const places = beginnings(shapes.map(shapeSize));
  const synapses = fanOut(network, synchronous);
  const table = new Uint32Array(places[counted.length]);
  counted.forEach(({ layer }, i) => {
    table.set(synapses[layer] ?? [], places[i]);
  });
  const layers = counted.map(({ layer, first }, i) => ({
    neurons: shapeSize(shapes[i]),
    area: shapes[i].height * shapes[i].width,
    batch,
    cellBatch: activations.batch,
    cells: activations.layers[layer],
    counts: first,
    fanOut: places[i],
    workgroups: offsets[i + 1] - offsets[i],
    partials: offsets[i],
  }));
  try {
    return await device.guard(`diagnosis of "${network.name}"`, async () => {
      const structs = packParameters(counted.map(() => ({ layout: diagnoseParameters, parameters: {} })));
      const parameters = buffers.create('parameters', 'uniform', structs.data.byteLength);
      const uniform = buffers.create('batch', 'uniform', 16);
      const fan = buffers.create('fan-out', 'storage', table.byteLength, table);
      const bytes = Math.max(1, offsets[counted.length]) * PARTIAL_BYTES;
      const partials = buffers.create('partials', 'storage', bytes);
      const readback = buffers.create('readback', 'readback', bytes);
      const bind = async ({ counts, decoded, tally }: LayerCounts, i: number) => {
        const bindings = {
          cells: { buffer: activations.cells },
          counts: { buffer: counts },
          decoded: { buffer: decoded },
          fanOut: { buffer: fan },
          layer: { buffer: parameters, offset: structs.offsets[i], size: diagnoseParameters.size },
          batch: { buffer: uniform },
          partials: { buffer: partials },
        };
        return { tally, diagnose: await diagnose(device, bindings, offsets[i + 1] - offsets[i]) };
      };
      const kernels = await Promise.all(counted.map(bind));
      return { buffers, kernels, parameters, batch: uniform, partials, readback, offsets, layers };
    });
  } catch (error) {
    buffers.dispose();
    throw error;
  }
}
