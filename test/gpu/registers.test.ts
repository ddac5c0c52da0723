import { expect, it } from 'vitest';
import { registersOf } from '../../src/gpu/registers.ts';

it.each([
  ['nvidia', 255],
  ['amd', 255],
  ['intel', 128],
  ['Intel', 128],
  ['apple', 128],
  ['qualcomm', 128],
  ['arm', 64],
  ['broadcom', 64],
  ['img-tec', 64],
  ['mesa', 255],
  ['', 255],
])('an invocation on a card of "%s" has %i registers', (vendor, registers) => {
  expect(registersOf({ vendor })).toBe(registers);
});
