import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

interface Entry {
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
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

it('pins every package’s content, but for binaries of other platforms that are only developed with', () => {
  const unpinned = Object.entries(packages).filter(([path, { integrity }]) => path !== '' && !/^sha512-/.test(integrity ?? ''));
  expect(unpinned.filter(([, { dev, optional, os }]) => !(dev && optional && os)).map(([path]) => path)).toEqual([]);
});

it('every dependency is asked for in one version', () => {
  const { dependencies = {}, devDependencies = {} } = read('package.json') as Entry;
  const asked = Object.entries({ ...dependencies, ...devDependencies });
  expect(asked.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  expect(asked.length).toBeGreaterThan(15);
});

it('names no registry’s host', () => {
  expect(Object.keys(packages).filter((path) => packages[path].resolved)).toEqual([]);
});

it('asks for what package.json asks for', () => {
  const { dependencies, devDependencies } = read('package.json') as Entry;
  expect(packages['']).toMatchObject({ dependencies, devDependencies });
});
