/** Damaged files of any form: changes of plain bytes, of numbers where a format has them, and of words in texts. Seeded by fast-check. */

import fc from 'fast-check';

/** Where a format has a number: its first byte, how many bytes, and which comes first. */
export interface NumberField {
  readonly at: number;
  readonly size: 1 | 2 | 4 | 8;
  readonly order: 'little' | 'big';
}

/** What can be changed of a file on purpose. */
export interface Damageable {
  readonly bytes: Uint8Array;
  readonly numbers?: readonly NumberField[];
  /** Which bytes are text: [from, to). */
  readonly text?: readonly [number, number];
}

/** Numbers that lengths, sizes, counts and offsets should not be. */
const NUMBERS = [
  0n,
  1n,
  2n,
  7n,
  127n,
  255n,
  32767n,
  65535n,
  65536n,
  2n ** 24n,
  2n ** 28n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];

/** Words that names, numbers and marks of a text should not be. */
const WORDS = [
  '',
  '0',
  '-1',
  '1.5',
  '1e400',
  'NaN',
  '99999999999',
  '9007199254740993',
  'null',
  'True',
  '__proto__',
  'constructor',
  '../..',
  '/dev/zero',
  '\0',
  '\x1b[2J',
  '\u202e',
  '"',
  "'",
  '{',
  '[[[[',
  ')',
  ',',
  '\n',
  '\r',
  '\u2028',
  ' '.repeat(30_000),
  '\ufeff',
  '\ud83d',
  'é'.repeat(2000),
];

const changeOf = <W extends string>(...whats: W[]) => fc.record({ what: fc.constantFrom(...whats), at: fc.nat(), other: fc.nat() });

/** A change of plain bytes. */
export const byteChange = changeOf('flip', 'remove', 'repeat', 'cut', 'fill', 'swap');
export type ByteChange = typeof byteChange extends fc.Arbitrary<infer T> ? T : never;

const fieldChange = changeOf('number', 'word');

/** What is done to a file: one to three changes of its numbers and words, or of its bytes, or of both. */
export const damage = fc.oneof(
  fc.record({ fields: fc.array(fieldChange, { minLength: 1, maxLength: 3 }), bytes: fc.constant<ByteChange[]>([]) }),
  fc.record({ fields: fc.array(fieldChange, { maxLength: 1 }), bytes: fc.array(byteChange, { minLength: 1, maxLength: 3 }) }),
);
export type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

/** The file with the changes made to it, one after another. */
export function damaged({ bytes, numbers = [], text }: Damageable, change: Damage): Uint8Array {
  let found: Uint8Array = Uint8Array.from(bytes);
  let end = text?.[1] ?? 0;
  for (const { what, at, other } of change.fields) {
    if ((what === 'number' || !text) && numbers.length > 0) setNumber(found, numbers[at % numbers.length], other);
    else if (text) {
      const longer = otherWord(found, [text[0], end], at, other);
      end += longer.length - found.length;
      found = longer;
    }
  }
  return change.bytes.reduce<Uint8Array>(changeBytes, found);
}

/** Another number in a field: one that should not be there, or one beside what was. */
function setNumber(bytes: Uint8Array, { at, size, order }: NumberField, other: number): void {
  const places = Array.from({ length: size }, (_, i) => at + (order === 'little' ? i : size - 1 - i)).filter(
    (i) => i < bytes.length,
  );
  const was = places.reduceRight((sum, place) => (sum << 8n) | BigInt(bytes[place]), 0n);
  const beside = [was + 1n, was - 1n, was * 2n];
  const to = [...NUMBERS, ...beside, ...beside][other % (NUMBERS.length + 6)];
  places.forEach((place, i) => {
    bytes[place] = Number((BigInt.asUintN(64, to) >> BigInt(8 * i)) & 255n);
  });
}

/** A text in which one word, number or mark is another. */
function otherWord(bytes: Uint8Array, [from, to]: readonly [number, number], at: number, other: number): Uint8Array {
  const text = Buffer.from(bytes.subarray(from, to)).toString('latin1');
  const words = [...text.matchAll(/[A-Za-z_]+|-?[\d.]+|[^\sA-Za-z\d]/g)];
  if (words.length === 0) return bytes;
  const { index, 0: word } = words[at % words.length];
  const replacement = [...WORDS.map((one) => Buffer.from(one)), Buffer.from(words[other % words.length][0], 'latin1')];
  const content = replacement[other % replacement.length];
  return Buffer.concat([bytes.subarray(0, from + index), content, bytes.subarray(from + index + word.length)]);
}

/** A few bytes changed. */
export function changeBytes(bytes: Uint8Array, { what, at, other }: ByteChange): Uint8Array {
  const from = at % (bytes.length + 1);
  const length = other % 40;
  const [before, after] = [bytes.subarray(0, from), bytes.subarray(from + length)];
  if (what === 'remove') return Buffer.concat([before, after]);
  if (what === 'repeat') return Buffer.concat([bytes.subarray(0, from + length), bytes.subarray(from)]);
  if (what === 'cut') return Uint8Array.from(before);
  if (what === 'swap')
    return Buffer.concat([before, after.subarray(0, length), bytes.subarray(from, from + length), after.subarray(length)]);
  const changed = Uint8Array.from(bytes);
  if (what === 'fill') changed.fill(other & 1 ? 255 : 0, from, from + length);
  else if (changed.length > 0) changed[at % changed.length] ^= 1 << (other & 7);
  return changed;
}
