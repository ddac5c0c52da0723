import { shapeSize } from '../ann/ann.ts';
import { type BoundKernel, dispatch } from '../gpu/bind.ts';
import { mapForReading } from '../gpu/buffers.ts';
import type { Device } from '../gpu/device.ts';
import { addPartials, diagnose, diagnoseWorkgroups, PARTIAL_BYTES } from '../kernels/diagnose.ts';
import { floatBits } from '../kernels/kernel.ts';
import type { Decoding, LayerSums } from '../network/diagnosis.ts';
import { fanOut } from '../network/fan-out.ts';
import { phasesAt, type SpikingNetwork } from '../network/network.ts';
import { scalesOf } from '../network/units.ts';
import { type Program, storage, uniform } from '../plan/program.ts';
import { besides, type Loaded, load, packParameters } from '../run/load.ts';

/** The trained network's activations on the GPU, of all layers at once: an `AnnSession` with `keepCells`. */
export interface Activations {
  readonly plan: { readonly batch: number; readonly layers: readonly number[] };
  readonly engine: { readonly data: { readonly [name: string]: GPUBuffer } };
}

/** Where spikes are counted on the GPU, [channel][y][x][image]. */
export interface Counts {
  /** u32: spikes so far. */
  readonly counts: GPUBuffer;
  /** i32: sum of their weights. */
  readonly decoded: GPUBuffer;
  readonly layers: readonly CountedLayer[];
}

export interface CountedLayer {
  readonly layer: number;
  /** First entry of the layer in both buffers. */
  readonly first: number;
  /** What fills them just before they are read; null where they are up to date. */
  readonly tally: BoundKernel | null;
}

/** What a diagnosis looks at, and when. */
export interface DiagnosisOptions {
  /** Moments of one batch that are looked at (default 1). */
  readonly moments?: number;
  /** Synchronous neurons take part (default): their spikes are synaptic operations too. */
  readonly synchronous?: boolean;
}

/** Where the partial sums of each counted layer begin within a moment; the last entry is how many a moment has. */
type Offsets = readonly number[];

/**
 * Compares the spikes of a batch with the trained network's activations of the same images (specification, section 10), at one
 * moment or several: `set`, then `encode` for each moment where the counts are what they should be, then `read`.
 */
export class DiagnosisSession {
  readonly #loaded: Loaded;
  readonly #counted: readonly CountedLayer[];
  readonly #offsets: Offsets;
  readonly #readback: GPUBuffer;

  private constructor(loaded: Loaded, readback: GPUBuffer, counted: readonly CountedLayer[], offsets: Offsets) {
    this.#loaded = loaded;
    this.#counted = counted;
    this.#offsets = offsets;
    this.#readback = readback;
  }

  /**
   * @param counts the layers to look at; without max pools among them, all spikes are taken to pass through these
   * @param batch images in the layout of the counts
   * @throws DeviceError
   */
  static async create(
    device: Device,
    network: SpikingNetwork,
    activations: Activations,
    counts: Counts,
    batch: number,
    { moments = 1, synchronous = true }: DiagnosisOptions = {},
  ): Promise<DiagnosisSession> {
    const shapes = counts.layers.map(({ layer }) => network.layers[layer].shape);
    const offsets = beginnings(shapes.map((shape) => diagnoseWorkgroups(shapeSize(shape), batch)));
    const places = beginnings(shapes.map(shapeSize));
    const channels = beginnings(shapes.map((shape) => shape.channels));
    const partials = offsets[shapes.length];
    const ofMoment = (moment: number) =>
      counts.layers.map(({ layer, first }, i) =>
        diagnose({
          layer,
          name: network.layers[layer].name,
          shape: shapes[i],
          batch,
          cellBatch: activations.plan.batch,
          cells: activations.plan.layers[layer],
          counts: first,
          fanOut: places[i],
          shares: channels[i],
          partials: moment * partials + offsets[i],
        }),
      );
    const program: Program = {
      network: network.name,
      batch,
      buffers: {
        batch: uniform(16),
        fanOut: storage(places[shapes.length] * 4),
        shares: storage(channels[shapes.length] * 4),
        partials: storage(Math.max(1, moments * partials) * PARTIAL_BYTES),
      },
      dispatches: Array.from({ length: moments }, (_, moment) => ofMoment(moment)).flat(),
      contents: ['fanOut', 'shares'].map((name) => ({ buffer: name, offset: 0, pack: name, layer: -1 })),
      results: [],
    };
    const packers = {
      fanOut: () => fanOutTable(network, counts.layers, places, synchronous),
      shares: () => sharesTable(network, counts.layers),
    };
    const others = { cells: activations.engine.data.cells, counts: counts.counts, decoded: counts.decoded };
    const loaded = await load(device, program, packers, others);
    const { bytes } = program.buffers.partials;
    const readback = await besides(loaded, (buffers) => buffers.create('readback', 'readback', bytes));
    return new DiagnosisSession(loaded, readback, counts.layers, offsets);
  }

  /**
   * Says how many images there are, and how their spikes are read.
   * @param decoding [moment][counted layer]
   */
  set(images: number, decoding: readonly (readonly Decoding[])[]): void {
    const { device, program, data, parameters } = this.#loaded;
    device.check();
    const flat = decoding.flat();
    const structs = program.dispatches.map((one, i) => {
      const { unit, saturation } = flat[i];
      return { ...one, parameters: { ...one.parameters, saturation, unit: floatBits(unit) } };
    });
    device.handle.queue.writeBuffer(parameters, 0, packParameters(structs).data);
    device.handle.queue.writeBuffer(data.batch, 0, Uint32Array.of(images));
  }

  /** Encodes the comparison of one moment. */
  encode(encoder: GPUCommandEncoder, moment: number): void {
    const pass = encoder.beginComputePass();
    this.#counted.forEach(({ tally }, i) => {
      if (tally) dispatch(pass, tally);
      dispatch(pass, this.#loaded.kernels[moment * this.#counted.length + i]);
    });
    pass.end();
  }

  /** The sums of all moments that were submitted, [moment][counted layer]. */
  async read(): Promise<LayerSums[][]> {
    const { device, data, program } = this.#loaded;
    const encoder = device.handle.createCommandEncoder();
    encoder.copyBufferToBuffer(data.partials, 0, this.#readback, 0, program.buffers.partials.bytes);
    device.handle.queue.submit([encoder.finish()]);
    const mapped = await mapForReading(device, this.#readback);
    const layers = this.#counted.length;
    const end = this.#offsets[layers];
    const sums = Array.from({ length: program.dispatches.length / layers }, (_, m) =>
      this.#counted.map((_, i) => {
        const [from, to] = [this.#offsets[i], this.#offsets[i + 1]].map((at) => (m * end + at) * PARTIAL_BYTES);
        return addPartials(mapped.slice(from, to));
      }),
    );
    this.#readback.unmap();
    device.check();
    return sums;
  }

  /** Looks at the images that lie in the buffers now: the sums of each counted layer. For sessions of one moment. */
  async measure(images: number, decoding: readonly Decoding[]): Promise<LayerSums[]> {
    this.set(images, [decoding]);
    const { handle } = this.#loaded.device;
    const encoder = handle.createCommandEncoder();
    this.encode(encoder, 0);
    handle.queue.submit([encoder.finish()]);
    const [sums] = await this.read();
    return sums;
  }

  /** Frees the session's GPU memory. */
  dispose(): void {
    this.#loaded.buffers.dispose();
  }
}

/** Where each of several ranges begins, one behind the other, and where the last one ends. */
function beginnings(sizes: readonly number[]): number[] {
  const offsets = [0];
  for (const size of sizes) offsets.push(offsets[offsets.length - 1] + size);
  return offsets;
}

/** 1/λ of the channels of all counted layers, one behind the other; of a max pool those of its source. */
const sharesTable = (network: SpikingNetwork, counted: readonly CountedLayer[]): Float32Array<ArrayBuffer> =>
  Float32Array.from(
    counted.flatMap(({ layer }) => [...scalesOf(network.layers[layer].units, phasesAt(network, layer))]),
    (scale) => 1 / scale,
  );

/** The fan-out of all counted layers, one behind the other. */
function fanOutTable(
  network: SpikingNetwork,
  counted: readonly CountedLayer[],
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
