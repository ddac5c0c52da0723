/** Encoded messages → objects, counted before they are made: a few bytes of a file can be an object of hundreds. */

import protobuf from 'protobufjs/light.js';
import { UnsupportedModelError } from '../errors.ts';

/** Fields that a file may have in all, items of lists among them: far above any network's. */
export const FIELD_ROOM = 2 ** 20;

/** What the wire format calls a value that begins with its length: a text, bytes, a message, a list that is packed. */
const LENGTH_DELIMITED = 2;
const VARINT = 0;

/**
 * Decodes a message and takes its fields from `room`. Throws protobufjs' own errors where the bytes are no such message,
 * `UnsupportedModelError` where the file has too many fields.
 */
export function decodeMessage<T>(type: protobuf.Type, bytes: Uint8Array, room: { left: number }, where: string): T {
  countFields(type, protobuf.Reader.create(bytes), bytes.length, () => {
    room.left -= 1;
    if (room.left < 0) throw tooMany(where);
  });
  const reader = protobuf.Reader.create(bytes);
  reader.discardUnknown = true;
  return type.decode(reader) as unknown as T;
}

/**
 * Calls for each field up to `end`, and for each whole number of a list; reals take no more room decoded than twice that of the file.
 * Messages hold only messages of other kinds (schema.ts), so this goes no deeper than they do.
 */
function countFields(type: protobuf.Type, reader: protobuf.Reader, end: number, count: () => void): void {
  while (reader.pos < end) {
    const tag = reader.uint32();
    const wire = tag & 7;
    const field = type.fieldsById[tag >>> 3];
    if (field) count();
    if (wire !== LENGTH_DELIMITED || !field || ['bytes', 'string', 'float'].includes(field.type)) {
      reader.skipType(wire);
      continue;
    }
    const length = reader.uint32();
    const until = reader.pos + length;
    if (field.resolvedType instanceof protobuf.Type) countFields(field.resolvedType, reader, until, count);
    else for (; reader.pos < until; reader.skipType(VARINT)) count();
  }
}

const tooMany = (where: string) =>
  new UnsupportedModelError('too-large', where, `more than ${FIELD_ROOM} fields`, 'give a model of fewer nodes');
