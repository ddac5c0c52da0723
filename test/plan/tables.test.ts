import { expect, it } from 'vitest';
import { Tables } from '../../src/plan/tables.ts';

const limits = { maxUniformBufferBindingSize: 65536, maxStorageBufferBindingSize: 1000, maxBufferSize: 2000 };
const weights = { layer: 3, tiles: 5, tileBytes: 400 };

it('parts are shares of whole tiles, each behind the other, bound as storage', () => {
  const tables = new Tables(limits);
  expect(tables.parts('weights', 'tiles', weights)).toEqual([
    { first: 0, tiles: 2, range: { offset: 0, size: 800 }, uniform: false },
    { first: 2, tiles: 2, range: { offset: 1024, size: 800 }, uniform: false },
    { first: 4, tiles: 1, range: { offset: 2048, size: 400 }, uniform: false },
  ]);
  const content = { buffer: 'weights', pack: 'tiles', layer: 3 };
  expect(tables.contents).toEqual([
    { ...content, offset: 0, first: 0, tiles: 2 },
    { ...content, offset: 1024, first: 2, tiles: 2 },
    { ...content, offset: 2048, first: 4, tiles: 1 },
  ]);
  expect(tables.buffer('weights').bytes).toBe(2560 + 256);
});

it.each([
  { bytes: 65536, wanted: true, uniform: true, size: 65536 },
  { bytes: 65537, wanted: true, uniform: false, size: 65537 },
  { bytes: 32, wanted: true, uniform: true, size: 65536 },
  { bytes: 32, wanted: false, uniform: false, size: 32 },
  { bytes: 4, wanted: false, uniform: false, size: 16 },
])('a table of $bytes bytes, wanted as uniform: $wanted', ({ bytes, wanted, uniform, size }) => {
  const tables = new Tables(limits);
  expect(tables.table('channels', 'channels', 0, bytes, wanted)).toEqual({
    first: 0,
    tiles: 0,
    range: { offset: 0, size },
    uniform,
  });
  const end = Math.ceil(bytes / 256) * 256;
  expect(tables.buffer('channels').bytes).toBe(end + 256 + (uniform ? 65536 : 0));
});

it('nothing is uniform where a device’s uniform bindings are smaller than weights take', () => {
  const small = { ...limits, maxUniformBufferBindingSize: 65535 };
  expect(new Tables(small).table('channels', 'channels', 0, 32, true).uniform).toBe(false);
  expect(new Tables(small).weights('weights', 'weights', weights, true).map(({ uniform }) => uniform)).toEqual([
    false,
    false,
    false,
  ]);
  expect(new Tables(limits).weights('weights', 'weights', weights, true)).toMatchObject([{ tiles: 5, uniform: true }]);
});
