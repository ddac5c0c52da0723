/** Damaged model files: changes of the wire format's fields, which keep all lengths right, and of plain bytes. Seeded by fast-check. */

import fc from 'fast-check';
import protobuf from 'protobufjs/light.js';
import { modelMessage } from '../../src/onnx/schema.ts';
import { type ByteChange, byteChange, changeBytes } from './damage.ts';

/** A field as it is written; a message's own fields in place of its bytes. */
interface Field {
  readonly key: string;
  readonly tag: number;
  value: bigint | Uint8Array | Field[];
}

const WIRE = { varint: 0, fixed64: 1, delimited: 2, fixed32: 5 } as const;

/** The fields of an encoded message, those of the messages within it too. */
function parse(type: protobuf.Type, bytes: Uint8Array): Field[] {
  const reader = protobuf.Reader.create(bytes);
  const fields: Field[] = [];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const field = type.fieldsById[tag >>> 3];
    const key = `${type.name}.${tag >>> 3}`;
    if ((tag & 7) === WIRE.varint) fields.push({ key, tag, value: BigInt(reader.int64().toString()) });
    else if ((tag & 7) === WIRE.delimited) {
      const content = reader.bytes();
      const inner = field?.resolvedType instanceof protobuf.Type ? field.resolvedType : undefined;
      fields.push({ key, tag, value: inner ? parse(inner, content) : content });
    } else {
      const start = reader.pos;
      reader.skipType(tag & 7);
      fields.push({ key, tag, value: bytes.slice(start, reader.pos) });
    }
  }
  return fields;
}

function write(fields: readonly Field[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { tag, value } of fields) {
    const wire = tag & 7;
    const content = Array.isArray(value) ? write(value) : value;
    if (typeof content === 'bigint') parts.push(varint(BigInt(tag)), varint(BigInt.asUintN(64, content)));
    else parts.push(varint(BigInt(tag)), ...(wire === WIRE.delimited ? [varint(BigInt(content.length))] : []), content);
  }
  return Buffer.concat(parts);
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  for (let left = value; ; left >>= 7n) {
    if (left < 128n) return Uint8Array.from([...bytes, Number(left)]);
    bytes.push(Number(left & 127n) | 128);
  }
}

/** Numbers that sizes, counts, types and versions should not be. */
const NUMBERS = [
  0n,
  1n,
  2n,
  3n,
  5n,
  7n,
  16n,
  127n,
  255n,
  30000n,
  65536n,
  2n ** 28n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 53n,
  2n ** 63n - 1n,
  -1n,
  -2n,
];
const TEXTS = ['', 'x', 'y', 'Relu', 'MaxPool', 'Transpose', 'Shape', '__proto__', '\x1b[2J', 'é'.repeat(2000)];

const wireChange = fc.record({
  what: fc.constantFrom('drop', 'double', 'swap', 'exchange', 'number', 'number', 'text', 'tag', 'cut'),
  at: fc.nat(),
  other: fc.nat(),
});

/** What is done to a file: one to three changes of its fields, or of its bytes. */
export const mutation = fc.record({
  fields: fc.array(wireChange, { maxLength: 3 }),
  bytes: fc.oneof({ weight: 3, arbitrary: fc.constant<ByteChange[]>([]) }, fc.array(byteChange, { minLength: 1, maxLength: 3 })),
});
export type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;
type FieldChange = Mutation['fields'][number];

/** The file with the changes made to it, one after another. */
export function mutate(file: Uint8Array, { fields, bytes }: Mutation): Uint8Array {
  const tree = parse(modelMessage, file);
  for (const change of fields) changeField(tree, change);
  return bytes.reduce<Uint8Array>(changeBytes, write(tree));
}

interface Slot {
  readonly list: Field[];
  readonly index: number;
  readonly field: Field;
}

const slotsOf = (list: Field[]): Slot[] =>
  list.flatMap((field, index) => [{ list, index, field }, ...(Array.isArray(field.value) ? slotsOf(field.value) : [])]);

function changeField(tree: Field[], { what, at, other }: FieldChange): void {
  const slots = slotsOf(tree);
  if (slots.length === 0) return;
  const { list, index, field } = slots[at % slots.length];
  const alike = slots.filter((slot) => slot.field.key === field.key);
  const mate = alike[other % alike.length];
  if (what === 'drop') list.splice(index, 1);
  if (what === 'double') list.splice(index, 0, field);
  if (what === 'swap') [list[index], mate.list[mate.index]] = [mate.field, field];
  if (what === 'exchange') list[index] = { ...field, value: mate.field.value };
  if (what === 'number') setNumber(slots, at, NUMBERS[other % NUMBERS.length]);
  if (what === 'text' && field.value instanceof Uint8Array) field.value = Buffer.from(TEXTS[other % TEXTS.length]);
  if (what === 'tag') list[index] = { ...field, tag: (((field.tag >>> 3) + (other % 5)) << 3) | (field.tag & 7) };
  if (what === 'cut' && field.value instanceof Uint8Array) field.value = field.value.subarray(0, other % (field.value.length + 1));
}

/** Another number in place of a whole one. */
function setNumber(slots: readonly Slot[], at: number, to: bigint): void {
  const numbers = slots.filter(({ field }) => typeof field.value === 'bigint');
  if (numbers.length > 0) numbers[at % numbers.length].field.value = to;
}
