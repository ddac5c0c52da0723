import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

it("the README's quickstart is the example that the end-to-end test runs", () => {
  const [, example] = /\/\/ README begins\n([\s\S]*)\/\/ README ends/.exec(read('examples/classify.ts')) ?? [];
  const [, shown] = /```ts\n([\s\S]*?)```/.exec(read('README.md')) ?? [];
  expect(shown).toBe(example?.replace("'../src/index.ts'", "'bsnn-webgpu'"));
});
