import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { formatTimings, formatTuning } from '../../src/cli/print-tuning.ts';
import { run } from '../../src/cli/program.ts';
import type { EvaluationResult } from '../../src/evaluate/result.ts';
import type { Choice } from '../../src/plan/choices.ts';
import { adapterKey, writeTuning } from '../../src/tune/cache.ts';
import { folderTest } from '../data/temporary-folder.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { capturedTerminal } from './captured-terminal.ts';

const MODEL = 'datasets/models/mnist-resnet.onnx';
const SHAPE = '3x3/1x1 512x14x14 + 1x1/2x2 256x28x28 groups 2 dilation 2x2 -> 512x14x14';
const PACKED: Choice = { form: 'registers', arithmetic: 'packed', weights: 'uniform' };
const INTEGERS: Choice = { form: 'registers', arithmetic: 'integers', weights: 'storage' };

const description = device?.description;
device?.dispose();

async function command(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const terminal = capturedTerminal();
  const code = await run(args, terminal);
  return { code, ...terminal.written };
}

const tooLong = (text: string) => text.split('\n').filter((line) => line.length > 80);

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('tables', () => {
  it('a row a shape, with the untuned time beside, and sums', () => {
    const text = formatTimings(
      'net on GPU',
      [
        {
          shape: SHAPE,
          layers: 3,
          candidates: [
            { choice: PACKED, ms: 30 },
            { choice: INTEGERS, ms: 1234.5 },
          ],
          untuned: INTEGERS,
        },
        { shape: 'small', layers: 1, candidates: [{ choice: INTEGERS, ms: 10 }], untuned: INTEGERS },
      ],
      false,
    );
    expect(tooLong(text)).toEqual([]);
    expect(text).toMatch(/^ {2}3 × 3x3\/1x1 512x14x14 .* packed uniform +30\.0 +75\.0 % +1235$/m);
    expect(text).toMatch(/^ {4}.*-> 512x14x14$/m);
    expect(text).toMatch(/^ {2}small +integers storage +10\.0 +25\.0 % +10\.0$/m);
    expect(text).toMatch(/^ {2}all +40\.0 +1245$/m);
  });

  it('the cache, by adapter', () => {
    const text = formatTuning('/c/tuning.json', { 'GPU | 1': { [SHAPE]: PACKED }, 'GPU | 2': { a: INTEGERS } }, null, false);
    expect(tooLong(text)).toEqual([]);
    expect(text).toMatch(/^\/c\/tuning\.json\n\nGPU \| 1\n {2}3x3/);
    expect(text).toMatch(/\n\nGPU \| 2\n {2}a +integers storage\n$/);
  });
});

it.each([[['tune-kernels']], [['tune-kernels', MODEL, '--show']]])('%j is wrong usage', async (args) => {
  const { code, err } = await command(...args);
  expect(err).toMatch(/^bsnn: tune-kernels: needs a model to measure, or else --show/);
  expect(code).toBe(2);
});

describeOnDevice('bsnn tune-kernels', () => {
  folderTest('measures, keeps, shows; eval uses it, with the same results, unless told not to', async ({ folder }) => {
    vi.stubEnv('BSNN_CACHE_DIR', folder);
    const path = join(folder, 'tuning.json');
    const before = await command('tune-kernels', '--show');
    expect(before).toMatchObject({ code: 0, err: '' });
    expect(before.out).toContain('nothing for');

    const tuned = await command('tune-kernels', MODEL, '--batch', '4', '--waves', '1');
    expect(tuned).toMatchObject({ code: 0, err: '' });
    expect(tuned.out).toMatch(/^mnist-resnet on /);
    expect(tuned.out.endsWith(`\nkept in ${path}\n`)).toBe(true);
    expect(tooLong(tuned.out.replace(path, ''))).toEqual([]);
    const shapes = Object.keys(JSON.parse(readFileSync(path, 'utf8')).adapters[adapterKey(description!)]).length;
    expect(tuned.out.split('\n').filter((line) => line.includes(' % ')).length).toBe(shapes);
    expect(shapes).toBeGreaterThan(1);

    // another adapter's choices are not shown
    await writeTuning({ ...description!, adapter: 'another' }, { a: PACKED });
    const after = await command('tune-kernels', '--show');
    expect(after).toMatchObject({ code: 0, err: '' });
    expect(after.out).toContain(adapterKey(description!));
    expect(after.out).not.toContain('another');
    expect(after.out).toContain('->');

    const args = [
      'eval',
      MODEL,
      '--dataset',
      'mnist',
      '--limit',
      '8',
      '--calibration',
      '8',
      '--batch',
      '8',
      '--phase-bits',
      '4',
      '--json',
      '-',
    ];
    const [withCache, without] = [await command(...args), await command(...args, '--no-tune')];
    const [a, b]: EvaluationResult[] = [withCache, without].map(({ out }) => JSON.parse(out));
    expect([a.tuned, a.tunedShapes]).toEqual([true, shapes]);
    expect([b.tuned, b.tunedShapes]).toEqual([false, 0]);
    // all but the times and what was tuned
    const figures = (result: EvaluationResult) => ({
      ...{ ...result, tuned: null, tunedShapes: null, timing: null },
      diagnosis: { ...result.diagnosis, seconds: null },
    });
    expect(figures(a)).toEqual(figures(b));
  });

  folderTest('a damaged cache is a warning', async ({ folder }) => {
    vi.stubEnv('BSNN_CACHE_DIR', folder);
    writeFileSync(join(folder, 'tuning.json'), '{');
    const { code, out, err } = await command('tune-kernels', '--show');
    expect(code).toBe(0);
    expect(out).toContain('nothing for');
    expect(err).toBe(`bsnn: tuning cache ${join(folder, 'tuning.json')}: is not JSON; ignored\n`);
  });
});

folderTest('--show prints all adapters where there is none', async ({ folder }) => {
  vi.stubEnv('BSNN_CACHE_DIR', folder);
  await writeTuning({ adapter: 'one', driver: '1', software: false }, { a: PACKED });
  await writeTuning({ adapter: 'two', driver: '2', software: false }, { b: INTEGERS });
  vi.stubGlobal('navigator', { gpu: { requestAdapter: async () => null } });
  const { code, out } = await command('tune-kernels', '--show');
  vi.unstubAllGlobals();
  expect(code).toBe(0);
  expect(out).toContain('one | 1');
  expect(out).toContain('two | 2');
});
