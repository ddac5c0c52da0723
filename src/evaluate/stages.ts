import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { anew, type Once } from '../convert/once.ts';

/** What parts of a conversion gave, by name, as JSON has it. */
export interface StagesSoFar {
  readonly stages: { readonly [name: string]: unknown };
}

/** Who keeps what was found: a journal, say. */
interface Keeper {
  readonly found: StagesSoFar;
  /** Whether it is written anywhere. */
  readonly isKept: boolean;
  readonly note: (more: StagesSoFar) => void;
}

/** Makes parts of a conversion that a journal lacks, and notes them there. */
export const onceIn = (journal: Keeper): Once =>
  journal.isKept
    ? async <T>(name: string, make: () => Promise<T>) => {
        const { stages } = journal.found;
        if (Object.hasOwn(stages, name)) return fromJson(stages[name]) as T;
        const made = await make();
        journal.note({ stages: { ...journal.found.stages, [name]: toJson(made) } });
        return made;
      }
    : anew;

/** Typed arrays that plain data may have. */
const ARRAYS = { Float32Array, Float64Array, Int32Array, Uint32Array } as const;
type ArrayName = keyof typeof ARRAYS;

/** A typed array, or a number that JSON has not: its bytes, deflated, in base64. */
interface Packed {
  readonly type: ArrayName | 'number';
  readonly packed: string;
}

const pack = (type: Packed['type'], { buffer, byteOffset, byteLength }: ArrayBufferView): Packed => ({
  type,
  packed: deflateRawSync(new Uint8Array(buffer, byteOffset, byteLength), { level: 1 }).toString('base64'),
});

/** Plain data, typed arrays among it, as JSON has it; `fromJson` gives it back exactly. */
export function toJson(value: unknown): unknown {
  if (typeof value === 'number') {
    return Number.isFinite(value) && !Object.is(value, -0) ? value : pack('number', Float64Array.of(value));
  }
  if (ArrayBuffer.isView(value)) return pack(value.constructor.name as ArrayName, value);
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, toJson(one)]));
}

/** What `toJson` was given. */
export function fromJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(fromJson);
  if ('packed' in value) return unpack(value as Packed);
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, fromJson(one)]));
}

function unpack({ type, packed }: Packed): unknown {
  const { buffer } = Uint8Array.from(inflateRawSync(Buffer.from(packed, 'base64')));
  return type === 'number' ? new Float64Array(buffer)[0] : new ARRAYS[type](buffer);
}
