import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

interface Entry {
  readonly resolved?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
const read = (file: string): unknown => JSON.parse(readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8'));
const { packages } = read('package-lock.json') as { packages: Readonly<Record<string, Entry>> };

it('names every platform’s packages, without which `npm ci` refuses it (node scripts/complete-lock.mjs)', () => {
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !packages[`node_modules/${name}`] && !packages[`${path}/node_modules/${name}`],
    ),
  );
  expect(missing).toEqual([]);
});

it('names no registry’s host', () => {
  expect(Object.keys(packages).filter((path) => packages[path].resolved)).toEqual([]);
});

it('asks for what package.json asks for', () => {
  const { dependencies, devDependencies } = read('package.json') as Entry;
  expect(packages['']).toMatchObject({ dependencies, devDependencies });
});
