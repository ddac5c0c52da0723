import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { embedShaders } from '../../scripts/embed-shaders.mjs';

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
  const object = module.slice(module.indexOf('{'), module.lastIndexOf('}') + 1);
  const sources: Record<string, string> = new Function(`return ${object}`)();
  expect(Object.entries(sources)).toEqual([
    ['accumulate', text],
    ['lib/words', '// words\n'],
    ['pool', '// pool\n'],
  ]);

  writeFileSync(join(root, 'shaders/pool.wgsl'), '// pool, changed\n');
  expect(embedShaders(root)).toBe(true);
});
