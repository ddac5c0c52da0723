/** Whatever names a model, its sidecar and its folder have: no command hands a terminal, a log or a picture a character that acts on it,
 * nor JSON a number that is none. */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { capturedTerminal } from '../cli/captured-terminal.ts';
import { folderTest } from '../data/temporary-folder.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { buildOnnx, type ModelSpec, real } from '../helpers/onnx-builder.ts';
import { watchJson } from '../helpers/watch-json.ts';

device?.dispose();

/** Title, bell, clear screen, a line of its own, C1's control sequence, right to left, line separator, delete. */
const HOSTILE = 'a\x1b]0;T\x07\x1b[2J\r\nFORGED\x9b31m\u202e\u2028\x7f';

/** Characters that act on what shows them; a line break is ours where no name has made it. */
const ACTING = /(?!\n)[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]|^FORGED/mu;

const name = (what: string) => `${what} ${HOSTILE}`;

/** A small classifier of digits, every name hostile. */
const model = (operator = 'Relu'): ModelSpec => ({
  graphName: name('graph'),
  inputs: [{ name: name('x'), dims: ['N', 1, 28, 28] }],
  outputs: [name('y')],
  nodes: [
    {
      op: 'Conv',
      in: [name('x'), name('k')],
      out: [name('c')],
      name: name('convolution'),
      attributes: { kernel_shape: [5, 5], strides: [4, 4] },
    },
    { op: operator, in: [name('c')], out: [name('r')], name: name('rectifier') },
    { op: 'Flatten', in: [name('r')], out: [name('f')], name: name('flat') },
    { op: 'Gemm', in: [name('f'), name('w')], out: [name('y')], name: name('head') },
  ],
  tensors: {
    [name('k')]: real([3, 1, 5, 5], seeded(75, 0.2)),
    [name('w')]: real([108, 10], seeded(1080, 0.1)),
  },
});

const seeded = (count: number, scale: number) => Array.from({ length: count }, (_, i) => scale * Math.sin(1.7 * i * i + i));

async function command(...args: string[]) {
  const terminal = capturedTerminal();
  const written = args.includes('--json') ? watchJson() : null;
  const code = await run(args, terminal);
  if (written) expect(written(), args[0]).toEqual([]);
  const { out, err } = terminal.written;
  expect(`${out}${err}`, args[0]).not.toMatch(ACTING);
  return { code, out, err };
}

async function writeModel(path: string, spec: ModelSpec): Promise<void> {
  await writeFile(path, buildOnnx(spec));
  const classes = Array.from({ length: 10 }, (_, i) => name(String(i)));
  await writeFile(path.replace(/onnx$/, 'json'), JSON.stringify({ mean: [0.1307], std: [0.3081], classes }));
}

describeOnDevice('names that act on a terminal', () => {
  folderTest('are shown escaped by every command', async ({ folder }) => {
    const place = join(folder, 'p\x1b[31m\nFORGED\x9b');
    await mkdir(place);
    const [onnx, saved, svg, plot] = ['m.onnx', 'm.bsnn', 'm.svg', 'plot.svg'].map((file) => join(place, file));
    await writeModel(onnx, model());
    const data = ['--dataset', 'mnist', '--calibration', '16'];
    const some = [...data, '--limit', '8', '--phase-bits', '2', '--quiet'];
    for (const args of [
      ['inspect', onnx],
      ['eval', onnx, ...some, '--layers'],
      ['explain', onnx, ...some],
      ['convert', onnx, ...data, '--phase-bits', '2', '--quiet', '-o', saved],
      ['inspect', saved],
      ['eval', saved, '--dataset', 'mnist', '--limit', '8', '--quiet'],
      ['record', onnx, ...data, '--phase-bits', '2', '--limit', '2', '--all-layers', '--out', join(place, 'm.npz')],
      ['trace', onnx, ...data, '--phase-bits', '2', '--layer', 'rectifier', '--out', svg],
      ['compare', onnx, ...some, '--neurons', 'bistable', '--timesteps', '8', '--plot', plot],
    ]) {
      for (const json of ['convert', 'record', 'trace'].includes(args[0]) ? [[]] : [[], ['--json', '-']]) {
        const { code, err } = await command(...args, ...json);
        expect([code, err], args[0]).toEqual([0, '']);
      }
    }
    for (const picture of [svg, plot]) expect(await readFile(picture, 'utf8')).not.toMatch(ACTING);
    const inspected = await command('inspect', onnx, '--json', '-');
    expect(inspected.out).not.toContain(HOSTILE);
    expect(JSON.parse(inspected.out).layers[0].name).toContain(HOSTILE);
  });

  folderTest('and where something is wrong with them', async ({ folder }) => {
    const onnx = join(folder, 'm.onnx');
    const picture = join(folder, name('picture').replaceAll('/', ''));
    await writeModel(onnx, model(name('Op')));
    await writeFile(
      picture,
      await sharp({ create: { width: 9, height: 9, channels: 3, background: 'red' } })
        .png()
        .toBuffer(),
    );
    const verbose = await command('inspect', onnx, '--verbose');
    expect(verbose.code).toBe(3);
    expect(verbose.err).toMatch(/rectifier a\\x1b\]0;T\\x07\\x1b\[2J\\x0d\\x0aFORGED\\x9b31m\\u202e\\u2028\\x7f/);
    await writeModel(onnx, model());
    for (const args of [
      ['predict', onnx, picture, '--quiet', '--calibrate-on', 'mnist'],
      ['trace', onnx, '--dataset', 'mnist', '--layer', name('nowhere'), '--out', join(folder, 'x.svg')],
      ['eval', join(folder, name('nowhere'))],
      ['eval', onnx, '--dataset', name('nowhere:')],
      ['eval', onnx, `--${HOSTILE}`],
    ]) {
      expect((await command(...args)).code, args[0]).not.toBe(0);
    }
  });
});
