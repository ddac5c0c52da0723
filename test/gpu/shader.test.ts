import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shaderModule } from '../../scripts/embed-shaders.mjs';
import { DeviceError } from '../../src/errors.ts';
import { preprocess, type StructLayout, writeStruct } from '../../src/gpu/shader.ts';
import { uniformOf } from '../../src/kernels/kernel.ts';

const lines = (...text: string[]) => text.join('\n');

/** `#if ${name}` */
const condition = (directive: string, name: string) => `${directive} \${${name}}`;

describe('conditions of a shader', () => {
  const text = lines('a', condition('#if', 'fast'), 'b', '#else', 'c', '#endif', 'd');

  it.each([
    { fast: true, expected: 'a b d' },
    { fast: false, expected: 'a c d' },
  ])('fast = $fast', ({ fast, expected }) => {
    expect(preprocess('test', text, { fast }).split(/\s+/).join(' ')).toBe(expected);
  });

  it('what remains is the text, line for line', () => {
    expect(preprocess('test', text, { fast: true })).toMatchInlineSnapshot(`
      "a

      b

      d"
    `);
  });

  it.each([
    { a: true, b: true, expected: '1' },
    { a: true, b: false, expected: '1' },
    { a: false, b: true, expected: '2' },
    { a: false, b: false, expected: '3' },
  ])('#elif: a = $a, b = $b', ({ a, b, expected }) => {
    const chosen = preprocess('test', lines(condition('#if', 'a'), '1', condition('#elif', 'b'), '2', '#else', '3', '#endif'), {
      a,
      b,
    });
    expect(chosen.trim()).toBe(expected);
  });

  it('conditions nest', () => {
    const nested = lines(condition('#if', 'a'), '1', condition('#if', 'b'), '2', '#endif', '#endif', '3');
    const of = (a: boolean, b: boolean) => preprocess('test', nested, { a, b }).split(/\s+/).filter(Boolean).join(' ');
    expect([of(true, true), of(true, false), of(false, true), of(false, false)]).toEqual(['1 2 3', '1 3', '3', '3']);
  });

  it('a text without directives is left as it is', () => {
    const plain = 'fn f(a: array<vec4u, 4>) -> u32 { return a[0].x; }  // 100 %\n';
    expect(preprocess('test', plain, {})).toBe(plain);
  });
});

describe('faults of a shader are named by file and line', () => {
  it.each([
    {
      row: 'an unknown directive',
      text: lines('a', 'b', condition('#ifdef', 'fast'), '#endif'),
      where: 'shaders/test.wgsl:3',
      what: '#ifdef',
    },
    { row: '… behind blank lines', text: lines('a', '', '', '#include x'), where: 'shaders/test.wgsl:4', what: '#include' },
    { row: '… that is indented', text: lines('a', 'b', '  #define X'), where: 'shaders/test.wgsl:3', what: '#define' },
    { row: 'in the first line', text: lines('#pragma', 'a'), where: 'shaders/test.wgsl:1', what: '#pragma' },
    {
      row: 'an unknown condition',
      text: lines('a', condition('#if', 'slow'), '#endif'),
      where: 'shaders/test.wgsl:2',
      what: 'slow',
    },
    {
      row: 'a name that every object has',
      text: lines(condition('#if', 'toString'), '#endif'),
      where: 'shaders/test.wgsl:1',
      what: 'toString',
    },
    { row: 'an empty condition', text: lines(condition('#if', ''), '#endif'), where: 'shaders/test.wgsl:1', what: '""' },
    { row: 'a missing #endif', text: lines('a', condition('#if', 'fast'), 'b'), where: 'shaders/test.wgsl', what: '#endif' },
    {
      row: 'an #endif too many',
      text: lines(condition('#if', 'fast'), '#endif', '#endif'),
      where: 'shaders/test.wgsl',
      what: '#endif',
    },
    {
      row: 'an #else after #else',
      text: lines(condition('#if', 'fast'), '#else', '#else', '#endif'),
      where: 'shaders/test.wgsl',
      what: '#else',
    },
    { row: 'a condition that is not filled in', text: lines('#if fast', '#endif'), where: 'shaders/test.wgsl', what: '#if' },
  ])('$row', ({ text, where, what }) => {
    const work = () => preprocess('test', text, { fast: true });
    expect(work).toThrow(DeviceError);
    expect(work).toThrow(expect.objectContaining({ code: 'shader-text' }));
    expect(work).toThrow(what);
    const error = (() => {
      try {
        return work();
      } catch (e) {
        return e as DeviceError;
      }
    })() as DeviceError;
    expect(error.where === where || (!where.includes(':') && error.where.startsWith(where)), error.where).toBe(true);
  });
});

const encodeParameters = uniformOf('encode', 'layer');
const poolParameters = uniformOf('pool', 'layer');
const layerParameters = uniformOf('accumulate', 'layer');

/** The layout of the struct that a shader's uniform `layer` has, as the build reads it. */
function kernelModule(text: string): StructLayout {
  const folder = mkdtempSync(join(tmpdir(), 'bsnn-layout-'));
  try {
    writeFileSync(join(folder, 'one.wgsl'), text);
    const [, record] = /"one": (\{"libraries".*\}),\n/.exec(shaderModule(folder)) ?? [];
    return JSON.parse(record).uniforms.layer;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The u32 of a struct that each member's value lands in, by writing the values 1, 2, 3, …. */
const places = (layout: StructLayout, members: readonly string[]) => {
  const bytes = new DataView(new ArrayBuffer(layout.size));
  writeStruct(layout, bytes, Object.fromEntries(members.map((name, i) => [name, i + 1])));
  const values = Array.from({ length: layout.size / 4 }, (_, i) => bytes.getUint32(4 * i, true));
  return Object.fromEntries(members.map((name, i) => [name, values.indexOf(i + 1)]));
};

describe('layouts of parameters, against WGSL’s rules by hand', () => {
  it('Encode: five u32, rounded up to 32 bytes', () => {
    expect(encodeParameters.size).toBe(32);
    expect(places(encodeParameters, ['channels', 'area', 'batch', 'destination', 'images'])).toEqual({
      channels: 0,
      area: 1,
      batch: 2,
      destination: 3,
      images: 4,
    });
  });

  const POOL = [
    ...['channels', 'height', 'width', 'batch', 'source', 'sourceWaveStride', 'sourceHeight', 'sourceWidth'],
    ...['destination', 'waveStride', 'planes', 'kernelHeight', 'kernelWidth', 'strideY', 'strideX', 'padTop', 'padLeft'],
    ...['dilationY', 'dilationX', 'phases'],
  ];
  it('Pool: 20 u32 in a row', () => {
    expect(poolParameters.size).toBe(80);
    expect(places(poolParameters, POOL)).toEqual(Object.fromEntries(POOL.map((name, i) => [name, i])));
  });

  const LAYER = [
    ...['channels', 'height', 'width', 'batch', 'lanes', 'stepX', 'stepN', 'tilesX', 'firstTile', 'tiles', 'tileWeights'],
    ...['destination', 'waveStride', 'waves', 'window', 'maxWord', 'channelBase', 'counter', 'membranes', 'terms'],
  ];
  const TERM = [
    ...['kind', 'source', 'waveStride', 'pad', 'padStride', 'height', 'width', 'blocks', 'groupOutputs', 'groupInputs'],
    ...['kernelHeight', 'kernelWidth', 'strideY', 'strideX', 'padTop', 'padLeft', 'dilationY', 'dilationX'],
    ...['weights', 'row', 'shift', 'phases', 'bits'],
  ];
  /** In a uniform an array of structs starts, and steps, at multiples of 16 bytes. */
  const roundUp = (count: number) => Math.ceil(count / 4) * 4;

  it('Layer: its own u32 in a row, then 128 terms', () => {
    expect(layerParameters.size).toBe(4 * (roundUp(LAYER.length) + 128 * roundUp(TERM.length)));
    expect(places(layerParameters, LAYER)).toEqual(Object.fromEntries(LAYER.map((name, i) => [name, i])));
  });

  it.each([0, 1, 127])('Term %i', (t) => {
    const bytes = new DataView(new ArrayBuffer(layerParameters.size));
    const term = Array.from({ length: t + 1 }, (_, j) =>
      j === t ? Object.fromEntries(TERM.map((name, i) => [name, 100 + i])) : {},
    );
    writeStruct(layerParameters, bytes, { term });
    const first = roundUp(LAYER.length) + t * roundUp(TERM.length);
    const values = Array.from({ length: layerParameters.size / 4 }, (_, i) => bytes.getUint32(4 * i, true));
    expect(values.slice(first, first + TERM.length)).toEqual(TERM.map((_, i) => 100 + i));
    expect(values.filter((v) => v !== 0).length).toBe(TERM.length);
  });

  it('vectors in a struct are aligned to their size, arrays of structs to 16 bytes where it says so', () => {
    const text = lines(
      'struct Inner {',
      '  @align(16) a: u32,',
      '  b: u32,',
      '}',
      'const COUNT = 2u;',
      'struct Outer {',
      '  x: u32,',
      '  v: vec4u,',
      '  y: u32,',
      '  inner: array<Inner, COUNT>,',
      '}',
    );
    const layout = kernelModule(lines(text, '@group(0) @binding(0) var<uniform> layer: Outer;', '@compute fn f() {}'));
    const bytes = new DataView(new ArrayBuffer(layout.size));
    writeStruct(layout, bytes, {
      x: 1,
      v: [2, 3, 4, 5],
      y: 6,
      inner: [
        { a: 7, b: 8 },
        { a: 9, b: 10 },
      ],
    });
    const values = Array.from({ length: layout.size / 4 }, (_, i) => bytes.getUint32(4 * i, true));
    expect(values).toEqual([1, 0, 0, 0, 2, 3, 4, 5, 6, 0, 0, 0, 7, 8, 0, 0, 9, 10, 0, 0]);
  });

  it('negative numbers and those above 2^31 keep their bits', () => {
    const bytes = new DataView(new ArrayBuffer(encodeParameters.size));
    writeStruct(encodeParameters, bytes, { channels: -1, area: 2 ** 32 - 2 });
    expect([bytes.getInt32(0, true), bytes.getUint32(4, true)]).toEqual([-1, 2 ** 32 - 2]);
  });

  it('a member that is not there is refused', () => {
    const bytes = new DataView(new ArrayBuffer(encodeParameters.size));
    expect(() => writeStruct(encodeParameters, bytes, { chanels: 1 })).toThrow(/no member "chanels"/);
    expect(() => writeStruct(encodeParameters, bytes, { constructor: 1 })).toThrow(/no member "constructor"/);
  });
});
