/** Damaged JSON: changes of fields, which leave it JSON, and of bytes. Seeded by fast-check. */

import fc from 'fast-check';
import { type ByteChange, byteChange, type Damage, damage, damaged } from './damage.ts';

const fieldChange = fc.record({
  what: fc.constantFrom('drop', 'swap', 'exchange', 'number', 'number', 'value', 'rename', 'double', 'digit'),
  at: fc.nat(),
  other: fc.nat(),
});
type FieldChange = typeof fieldChange extends fc.Arbitrary<infer T> ? T : never;

/** What is done to a text: one to three changes of its fields, or what is done to files of any form. */
export const jsonDamage = fc.oneof(
  { weight: 3, arbitrary: fc.record({ fields: fc.array(fieldChange, { minLength: 1, maxLength: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ any: damage }) },
  { weight: 1, arbitrary: fc.record({ bytes: fc.array(byteChange, { minLength: 1, maxLength: 3 }) }) },
);
export type JsonDamage = typeof jsonDamage extends fc.Arbitrary<infer T> ? T : never;

/** Values that a field should not have. */
const VALUES: readonly unknown[] = [
  null,
  true,
  '',
  'x',
  '__proto__',
  '\x1b[2J',
  [],
  {},
  [[[[]]]],
  { top1: 1 },
  'f'.repeat(64),
  2 ** 53,
];

type Container = Record<string, unknown>;

interface Slot {
  readonly holder: Container;
  readonly key: string;
}

/** Every field, and every entry of a list. */
const slotsIn = (value: unknown): Slot[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => [{ holder: value as Container, key }, ...slotsIn(inner)])
    : [];

/** The text with the changes made to it, one after another. */
export function damagedJson(text: string, change: JsonDamage): string {
  if ('fields' in change) {
    return change.fields.reduce((now, one) => {
      const root = JSON.parse(now);
      changeField(slotsIn(root), one);
      return JSON.stringify(root);
    }, text);
  }
  const bytes = Buffer.from(text);
  const whole = 'any' in change ? change.any : ({ fields: [], bytes: change.bytes as ByteChange[] } satisfies Damage);
  return Buffer.from(damaged({ bytes, text: [0, bytes.length] }, whole)).toString();
}

function changeField(slots: readonly Slot[], { what, at, other }: FieldChange): void {
  const numbers = slots.filter(({ holder, key }) => typeof holder[key] === 'number');
  const from = what === 'number' && numbers.length > 0 ? numbers : slots;
  if (from.length === 0) return;
  const { holder, key } = from[at % from.length];
  const mate = slots[other % slots.length];
  const was = holder[key];
  if (what === 'drop') remove(holder, key);
  if (what === 'swap') [holder[key], mate.holder[mate.key]] = [mate.holder[mate.key], isWithin(mate, was) ? null : was];
  if (what === 'exchange' && !isWithin({ holder, key }, mate.holder[mate.key])) holder[key] = mate.holder[mate.key];
  if (what === 'number') holder[key] = otherNumber(Number(was), other);
  if (what === 'value') holder[key] = VALUES[other % VALUES.length];
  if (what === 'rename') holder[`${key}${other % 10}`] = was;
  if (what === 'double' && Array.isArray(holder)) holder.splice(Number(key), 0, was);
  if (what === 'digit' && typeof was === 'string') holder[key] = otherLetter(was, other);
}

/** Whether a slot lies within a value, which then cannot be put there. */
const isWithin = ({ holder }: Slot, value: unknown): boolean =>
  value === holder || slotsIn(value).some((slot) => slot.holder[slot.key] === holder || slot.holder === holder);

function remove(holder: Container, key: string): void {
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else delete holder[key];
}

const otherNumber = (was: number, other: number): number =>
  [0, -1, 0.5, 1e308, 2 ** 53, -was, was + 1, was - 1, was * 2, was + 2 ** -40][other % 10];

/** A text in which one letter is another. */
function otherLetter(text: string, other: number): string {
  const at = other % (text.length + 1);
  return `${text.slice(0, at)}${'0f'[other & 1]}${text.slice(at + 1)}`;
}
