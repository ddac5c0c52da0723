import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { embedShaders, shaderModule } from '../../scripts/embed-shaders.mjs';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bsnn-shaders-'));
  mkdirSync(join(root, 'shaders/lib'), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

it('keys by path without ending, in the order of names, and writes only what changed', () => {
  const text = 'const a = `b`; $1 // "quoted" \\ é\n';
  writeFileSync(join(root, 'shaders/pool.wgsl'), '// pool\r\n');
  writeFileSync(join(root, 'shaders/accumulate.wgsl'), text);
  writeFileSync(join(root, 'shaders/lib/words.wgsl'), '// words\n');
  writeFileSync(join(root, 'shaders/README.md'), 'not a shader');
  expect(embedShaders(root)).toBe(true);
  expect(embedShaders(root)).toBe(false);

  const module = readFileSync(join(root, 'src/kernels/sources.ts'), 'utf8');
  const object = module.slice(module.indexOf('{'), module.indexOf('\n};') + 2);
  const sources: Record<string, string> = new Function(`return ${object}`)();
  expect(Object.entries(sources)).toEqual([
    ['accumulate', text],
    ['lib/words', '// words\n'],
    ['pool', '// pool\n'],
  ]);

  writeFileSync(join(root, 'shaders/pool.wgsl'), '// pool, changed\n');
  expect(embedShaders(root)).toBe(true);
});

it('says of each kernel what the host must know', () => {
  const text = [
    '// a kernel',
    '// Uses lib/part, lib/neuron-$'.concat('{', 'name}'),
    'struct Layer {\n  size: u32,\n  part: array<Part, COUNT>,\n}',
    '@group(0) @binding(0) var<storage, read> from: array<u32>;',
    '@group(0) @binding(2) var<uniform> layer: Layer;',
    'override workgroupSize = 64u;',
    '@compute @workgroup_size(workgroupSize)',
    'fn one() {}',
  ].join('\n');
  writeFileSync(join(root, 'shaders/one.wgsl'), text);
  writeFileSync(join(root, 'shaders/lib/part.wgsl'), 'const COUNT = 2u;\nstruct Part {\n  @align(16) a: u32,\n}\n');
  const record = JSON.parse(/"one": (\{"libraries".*\}),\n/.exec(shaderModule(join(root, 'shaders')))![1]);
  const part = { size: 16, members: { a: { offset: 0, stride: 4 } } };
  expect(record).toEqual({
    libraries: ['lib/part', 'lib/neuron-$'.concat('{', 'name}')],
    bindings: [
      { binding: 0, name: 'from', type: 'read-only-storage' },
      { binding: 2, name: 'layer', type: 'uniform' },
    ],
    uniforms: {
      layer: { size: 48, members: { size: { offset: 0, stride: 4 }, part: { offset: 16, stride: 16, struct: part } } },
    },
    sized: true,
  });
});

it('refuses a library that is not there', () => {
  writeFileSync(join(root, 'shaders/one.wgsl'), '// Uses lib/none\n@compute fn one() {}');
  expect(() => shaderModule(join(root, 'shaders'))).toThrow(/one\.wgsl uses lib\/none/);
});
