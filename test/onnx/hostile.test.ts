/** Files made to take too much, or to look like something else: refused in time, or the same as ONNX Runtime. */

import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, it } from 'vitest';
import { BsnnError } from '../../src/errors.ts';
import { importOnnx } from '../../src/onnx/import.ts';
import { expectSameAsOnnx } from '../helpers/onnx-compare.ts';
import { sharedFolder } from '../helpers/shared.ts';

/** What each is refused with; the others are sound. */
const REFUSED: Readonly<Record<string, string>> = {
  'channels-2e28-relu': 'output-shape',
  'channels-2e30-slice': 'too-large',
  'escape-operator': 'unsupported-operator',
  'maxpool-chain-20000': 'too-large',
  'overlapping-100': 'external-data',
  'rank-30000-transpose': 'too-large',
  'terms-1000-times-20000': 'too-large',
};

/** Nodes of the same name, which ONNX Runtime refuses. */
const NAMES_TWICE = /^(escape-layer|prototype-names)\.onnx/;

const folder = mkdtempSync(join(tmpdir(), 'bsnn-hostile-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const shared = sharedFolder('hostile');
const files = shared ? readdirSync(shared).filter((name) => /\.onnx(\.gz)?$/.test(name)) : [];

/** A copy that may have other files beside it. */
function copyOf(name: string): string {
  const path = join(folder, name.replace(/\.gz$/, ''));
  if (name.endsWith('.gz')) writeFileSync(path, gunzipSync(readFileSync(join(shared!, name))));
  else copyFileSync(join(shared!, name), path);
  return path;
}

it.each(files)('%s', async (name) => {
  writeFileSync(join(folder, 'sparse.bin'), '');
  truncateSync(join(folder, 'sparse.bin'), 2 ** 26);
  const path = copyOf(name);
  const [code, before] = [REFUSED[name.replace(/\.onnx(\.gz)?$/, '')], process.cpuUsage()];
  const outcome = await importOnnx(path).catch((error: unknown) => error);
  const { user, system } = process.cpuUsage(before);
  // a model's budget (docs/errors.md); without it these took up to minutes
  expect(user + system).toBeLessThan(2e6);
  if (!code) {
    expect(outcome).toHaveProperty('layers');
    if (!NAMES_TWICE.test(name)) await expectSameAsOnnx(readFileSync(path));
  } else {
    expect(outcome).toBeInstanceOf(BsnnError);
    expect(outcome).toMatchObject({ code });
  }
});

it.skipIf(files.length > 0)('no hostile files are here', () => {});
