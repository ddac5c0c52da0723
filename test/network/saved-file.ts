import { createHash } from 'node:crypto';

/** A saved network's file in its parts, to be changed by a test. */
export interface SavedFile {
  readonly header: Record<string, unknown> & { __metadata__: Record<string, string> };
  readonly data: Uint8Array;
}

export interface TensorEntry {
  dtype: string;
  shape: number[];
  data_offsets: number[];
}

export function openFile(bytes: Uint8Array): SavedFile {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  return { header: JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))), data: bytes.slice(8 + length) };
}

/** Any header and data, as they are. */
export function fileOf(headerText: string, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const header = new TextEncoder().encode(headerText);
  const bytes = new Uint8Array(8 + header.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  bytes.set(data, 8 + header.length);
  return bytes;
}

/** A file whose digest is right, whatever else is in it: by another hand than the library's. */
export function signed({ header, data }: SavedFile): Uint8Array {
  const text = (sha256: string) => JSON.stringify({ ...header, __metadata__: { ...header.__metadata__, sha256 } });
  const digest = createHash('sha256')
    .update(fileOf(text('0'.repeat(64)), data))
    .digest('hex');
  return fileOf(text(digest), data);
}
