import { arrayFrom, bytesIn, isKind, KINDS, kindOf, type SavedArray } from './arrays.ts';
import { parseJson } from './parts.ts';
import type { Refuse } from './refuse.ts';

/**
 * A file of safetensors: the header's length (8 bytes, little-endian), the header (JSON), the bytes of the arrays. The header has for
 * each array its kind, shape and where its bytes begin and end, and under `__metadata__` texts (docs/format.md).
 */

const METADATA = '__metadata__';
const LENGTH_BYTES = 8;
/** The longest header that safetensors allows. */
const MAX_HEADER = 100_000_000;

/** A file whose arrays are not looked at yet. */
export interface Header {
  readonly text: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** What it says of each array, by name; unchecked. */
  readonly tensors: readonly (readonly [string, unknown])[];
  /** All bytes of the arrays. */
  readonly data: Uint8Array;
}

/** Packs arrays and texts. The widest elements come first and the header is filled up with blanks, so that all are aligned. */
export function pack(arrays: ReadonlyMap<string, SavedArray>, metadata: Readonly<Record<string, string>>): Uint8Array {
  const sorted = [...arrays].sort(([, a], [, b]) => b.BYTES_PER_ELEMENT - a.BYTES_PER_ELEMENT);
  let end = 0;
  const tensors = sorted.map(([name, values]) => {
    const begin = end;
    end += values.byteLength;
    return [name, { dtype: kindOf(values), shape: [values.length], data_offsets: [begin, end] }] as const;
  });
  const text = JSON.stringify({ [METADATA]: metadata, ...Object.fromEntries(tensors) });
  const header = new TextEncoder().encode(text);
  const length = Math.ceil(header.length / 8) * 8;
  const bytes = new Uint8Array(LENGTH_BYTES + length + end).fill(0x20, LENGTH_BYTES, LENGTH_BYTES + length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(header, LENGTH_BYTES);
  let at = LENGTH_BYTES + length;
  for (const [, values] of sorted) {
    bytes.set(bytesIn(values), at);
    at += values.byteLength;
  }
  return bytes;
}

/** Reads the header. Refuses what is no such file, or ends within the header. */
export function readHeader(bytes: Uint8Array, refuse: Refuse): Header {
  if (bytes.length < LENGTH_BYTES) refuse('network-truncated', `has ${bytes.length} bytes, too few for a header`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > MAX_HEADER) refuse('network-file', `is no saved network: its header would have ${length} bytes`);
  const end = LENGTH_BYTES + Number(length);
  if (end > bytes.length) refuse('network-truncated', `has ${bytes.length} bytes, and its header ends after ${end}`);
  const text = utf8(bytes.subarray(LENGTH_BYTES, end), refuse);
  const header = parseJson(text, 'its header', refuse);
  if (!isObject(header)) return refuse('network-file', 'is no saved network: its header is no object');
  const metadata = header[METADATA];
  if (!isTexts(metadata)) return refuse('network-file', `is no saved network: ${METADATA} does not hold texts`);
  const tensors = Object.entries(header).filter(([name]) => name !== METADATA);
  return { text, metadata, tensors, data: bytes.subarray(end) };
}

function utf8(bytes: Uint8Array, refuse: Refuse): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    return refuse('network-file', 'is no saved network: its header is no text', undefined, cause);
  }
}

/** Where an array lies. */
interface Place {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
  readonly array: (data: Uint8Array) => SavedArray;
}

/** Reads all arrays. Refuses those whose bytes overlap, leave gaps, lie outside or are not as many as the shape needs. */
export function readArrays({ tensors, data }: Header, refuse: Refuse): Map<string, SavedArray> {
  const places = tensors.map(([name, tensor]) => placeOf(name, tensor, refuse)).sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const { name, begin, end } of places) {
    if (begin !== at) {
      const what = begin < at ? 'overlap those of another' : 'leave a gap before them';
      refuse('network-tensor', `the bytes of ${JSON.stringify(name)} ${what}`);
    }
    at = end;
  }
  if (at > data.length) refuse('network-truncated', `has ${data.length} bytes of arrays, and its header speaks of ${at}`);
  if (at < data.length) refuse('network-tensor', `has ${data.length - at} bytes more than its arrays`);
  return new Map(places.map(({ name, array }) => [name, array(data)]));
}

function placeOf(name: string, tensor: unknown, refuse: Refuse): Place {
  const no = (what: string): never => refuse('network-tensor', `the array ${JSON.stringify(name)} ${what}`);
  if (!isObject(tensor)) return no('is not described');
  const { dtype, shape, data_offsets: offsets } = tensor;
  if (!isKind(dtype)) return no(`is of kind ${JSON.stringify(dtype)}, not one of ${Object.keys(KINDS).join(', ')}`);
  if (!isSizes(shape) || shape.length !== 1) return no('has a shape that is not one length');
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) return no('has no place in the data');
  const [begin, end] = offsets;
  const needed = shape[0] * KINDS[dtype].BYTES_PER_ELEMENT;
  if (end - begin !== needed) return no(`has ${end - begin} bytes, its shape needs ${needed}`);
  return { name, begin, end, array: (data) => arrayFrom(dtype, data.subarray(begin, end)) };
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isTexts = (value: unknown): value is Readonly<Record<string, string>> =>
  isObject(value) && Object.values(value).every((text) => typeof text === 'string');

const isSizes = (values: unknown): values is readonly number[] =>
  Array.isArray(values) && values.every((n) => Number.isSafeInteger(n) && n >= 0);
