import type { FileHandle } from 'node:fs/promises';
import { shapeSize } from '../ann/ann.ts';
import { bytesOf, bytesOfArray, type NpyType } from '../data/arrays/npy.ts';
import { type NpzArray, writeAll, writeNpzFile } from '../data/arrays/npz-writer.ts';
import type { ImagesRecording, RecordedBatch } from '../evaluate/record.ts';
import type { OutputPlace } from './stream-output.ts';

/** An array of a recording's file. */
export type WrittenArray = Omit<NpzArray, 'pieces'>;

/** Bytes that are copied at once. */
const PIECE = 2 ** 20;

/** The longest name of a layer that is kept whole. */
const LONGEST_NAME = 200;

/** Takes a recording batch by batch, and makes its .npz file of it at the end. */
export class RecordFile {
  readonly #place: OutputPlace;
  /** A file of each array that grows with the images: [layer][what]. */
  readonly #growing: FileHandle[][] = [];
  readonly #indices: number[] = [];
  readonly #labels: number[] = [];

  constructor(place: OutputPlace) {
    this.#place = place;
  }

  /** Writes what a batch holds to the files of its arrays. */
  async add({ first, images, labels, layers }: RecordedBatch): Promise<void> {
    for (let n = 0; n < images; n++) this.#indices.push(first + n);
    this.#labels.push(...labels);
    for (const [l, { spikes, membranes }] of layers.entries()) {
      this.#growing[l] ??= [];
      for (const [w, values] of [spikes, membranes].filter((one) => one !== null).entries()) {
        this.#growing[l][w] ??= await this.#place.scratch();
        await writeAll(this.#growing[l][w], bytesOfArray(values));
      }
    }
  }

  /** Joins all arrays in the output. @returns what it holds */
  async finish(recording: ImagesRecording): Promise<WrittenArray[]> {
    const whole = (name: string, values: Int32Array, shape: readonly number[]): NpzArray => ({
      name,
      type: '<i4',
      shape,
      pieces: [bytesOfArray(values)],
    });
    const reals = (name: string, values: readonly number[]): NpzArray => ({
      name,
      type: '<f8',
      shape: [values.length],
      pieces: [bytesOfArray(Float64Array.from(values))],
    });
    const arrays: NpzArray[] = [
      whole('image', Int32Array.from(this.#indices), [recording.images]),
      whole('label', Int32Array.from(this.#labels), [recording.images]),
      whole('timesteps', Int32Array.of(recording.timesteps), []),
      ...(['mean', 'std'] as const).map((name) => reals(name, recording.normalization[name])),
    ];
    const names = entryNames(recording.layers.map(({ name }) => name));
    for (const [l, { shape, units }] of recording.layers.entries()) {
      const { channels, height, width } = shape;
      for (const [w, what] of recording.what.entries()) {
        const type: NpyType = what === 'membranes' || recording.signed ? '<i4' : '|u1';
        const size = recording.images * recording.timesteps * shapeSize(shape) * bytesOf(type);
        const sizes = [recording.images, recording.timesteps, channels, height, width];
        arrays.push({ name: `${names[l]}/${what}`, type, shape: sizes, pieces: piecesOf(this.#growing[l][w], size) });
      }
      arrays.push({ name: `${names[l]}/unit`, type: '<f8', shape: [channels], pieces: [bytesOfArray(units)] });
    }
    await writeNpzFile(this.#place.output, arrays);
    return arrays.map(({ name, type, shape }) => ({ name, type, shape }));
  }
}

/** The bytes of a file, piece by piece. */
async function* piecesOf(file: FileHandle, size: number): AsyncGenerator<Uint8Array, void, void> {
  for (let at = 0; at < size; ) {
    const piece = new Uint8Array(Math.min(PIECE, size - at));
    const { bytesRead } = await file.read(piece, 0, piece.length, at);
    if (bytesRead === 0) return; // the writer counts, and says what is missing
    at += bytesRead;
    yield piece.subarray(0, bytesRead);
  }
}

/** Names of layers as names in a file: without slashes before and control characters, not too long, each once. */
export function entryNames(layers: readonly string[]): string[] {
  const taken = new Set<string>();
  return layers.map((layer) => {
    const plain = layer.replace(/^\/+/, '').replace(/\p{C}/gu, '_').slice(0, LONGEST_NAME) || 'layer';
    let name = plain;
    for (let i = 2; taken.has(name); i++) name = `${plain}_${i}`;
    taken.add(name);
    return name;
  });
}
