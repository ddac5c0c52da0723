import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { capturedTerminal } from './captured-terminal.ts';

// None of these gets as far as a device.

const result = async (...args: string[]) => {
  const terminal = capturedTerminal();
  const code = await run(args, terminal);
  return { code, ...terminal.written };
};

const RECORD = ['record', 'x.onnx', '--dataset', 'mnist'];

describe('wrong usage exits with 2 and one message', () => {
  it.each([
    ['an unknown command', ['evil'], /unknown command 'evil'/],
    ['an explanation of no images', ['explain', 'x.onnx', '--dataset', 'mnist', '--limit', '0'], /of at least 1/],
    ['an inspection of two models', ['inspect', 'x.onnx', 'y.onnx'], /too many arguments/],
    ['an unknown option', ['eval', 'x.onnx', '--dataset', 'mnist', '--speed', '9'], /unknown option '--speed'/],
    ['no model', ['eval', '--dataset', 'mnist'], /missing required argument 'model'/],
    ['no data set', ['eval', 'x.onnx'], /required option '--dataset <spec>' not specified/],
    ['two models', ['eval', 'x.onnx', 'y.onnx', '--dataset', 'mnist'], /too many arguments/],
    ['a limit of 10x', ['eval', 'x.onnx', '--dataset', 'mnist', '--limit', '10x'], /'10x' is invalid. Expected an integer/],
    ['a limit of 0', ['eval', 'x.onnx', '--dataset', 'mnist', '--limit', '0'], /of at least 1/],
    ['a negative offset', ['eval', 'x.onnx', '--dataset', 'mnist', '--offset', '-1'], /of at least 0/],
    ['nine phase bits', ['eval', 'x.onnx', '--dataset', 'mnist', '--phase-bits', '9'], /from 1 to 8/],
    ['a K of another word', ['eval', 'x.onnx', '--dataset', 'mnist', '--phase-bits', 'automatic'], /from 1 to 8/],
    ['a loss of more than all', ['convert', 'x.onnx', '--dataset', 'mnist', '--loss', '101'], /points from 0 to 100/],
    ['K chosen where kernels are', ['tune-kernels', 'x.onnx', '--phase-bits', 'auto'], /from 1 to 8/],
    ['a sweep over K by depth', ['sweep', 'x.onnx', '--dataset', 'mnist', '--phase-bits', '4,9'], /from 1 to 8/],
    ['half of a correction', ['sweep', 'x.onnx', '--dataset', 'mnist', '--correct-bias', 'half'], /on, off or both/],
    ['a sweep’s plot of another kind', ['sweep', 'x.onnx', '--dataset', 'mnist', '--plot', 'x.gif'], /ends in .svg or .png/],
    ['no trials', ['tune', 'x.onnx', '--dataset', 'mnist', '--trials', '0'], /of at least 1/],
    ['a batch of 65536', ['eval', 'x.onnx', '--dataset', 'mnist', '--batch', '65536'], /from 1 to 65535/],
    ['a percentile of 101', ['eval', 'x.onnx', '--dataset', 'mnist', '--percentile', '101'], /above 0 and at most 100/],
    ['another scale', ['eval', 'x.onnx', '--dataset', 'mnist', '--scale', 'least'], /Expected one of percentile:P/],
    [
      'a percentile beside a scale',
      ['eval', 'x.onnx', '--dataset', 'mnist', '--scale', 'mse', '--percentile', '99'],
      /'--percentile <p>' cannot be used with option '--scale <how>'/,
    ],
    ['another start', ['eval', 'x.onnx', '--dataset', 'mnist', '--initial', 'full'], /Allowed choices are half, zero/],
    ['a std of 0', ['eval', 'x.onnx', '--dataset', 'mnist', '--std', '1,0,1'], /numbers above 0/],
    [
      'classes of what has them',
      ['eval', 'x.onnx', '--dataset', 'mnist', '--classes', 'x'],
      /--classes: is for pictures in files, which mnist are not/,
    ],
    ['bad ones of no pictures', ['eval', 'x.onnx', '--dataset', 'cifar10:x', '--skip-bad'], /--skip-bad: is for pictures/],
    ['another data set', ['eval', 'x.onnx', '--dataset', 'imagenet'], /data set "imagenet": is not one of the known forms/],
    ['no file for a recording', [...RECORD, '--layer', 'stem'], /required option '--out <file>' not specified/],
    ['no layer to record', [...RECORD, '--out', 'x.npz'], /layers: are not given; give either --layer NAME … or --all-layers/],
    ['some layers and all', [...RECORD, '--out', 'x.npz', '--layer', 'a', 'b', '--all-layers'], /as --layer and as --all-layers/],
    [
      'a recording of potentials',
      [...RECORD, '--out', 'x.npz', '--what', 'spikes,potentials'],
      /Expected spikes, membranes, or both/,
    ],
    ['a recording of another kind', [...RECORD, '--all-layers', '--out', 'x.npy'], /name a file that ends in .npz/],
    [
      'no folder for a recording',
      [...RECORD, '--all-layers', '--out', '/no/such/x.npz'],
      /--out \/no\/such\/x.npz: there is no folder/,
    ],
    ['no file for a network', ['convert', 'x.onnx', '--dataset', 'mnist'], /required option '-o, --out <file>' not specified/],
    [
      'no folder for a network',
      ['convert', 'x.onnx', '--dataset', 'mnist', '-o', '/no/such/x'],
      /--out \/no\/such\/x: there is no folder/,
    ],
    ['the model as the network’s file', ['convert', 'x.onnx', '--dataset', 'mnist', '-o', './x.onnx'], /is the model itself/],
    ['no folder for the JSON', ['eval', 'x.onnx', '--dataset', 'mnist', '--json', '/no/such/x.json'], /there is no folder/],
  ])('%s', async (_, args, message) => {
    const { code, out, err } = await result(...args);
    expect(err).toMatch(/^bsnn: /);
    expect(err).toMatch(message);
    expect(err).not.toMatch(/\n {4}at /);
    expect(out).toBe('');
    expect(code).toBe(2);
  });

  it('the command alone prints its help, as an error', async () => {
    const { code, err } = await result();
    expect(err).toMatch(/^Usage: bsnn/);
    expect(code).toBe(2);
  });
});

it('a data set that is not there exits with 1; the stack is shown where it is asked for', async () => {
  const args = ['eval', 'datasets/models/mnist-resnet.onnx', '--dataset', 'cifar10:/no/such/folder'];
  const plain = await result(...args);
  expect(plain.code).toBe(1);
  expect(plain.err).toMatch(/^bsnn: \/no\/such\/folder: does not exist; .*\n$/);
  const verbose = await result(...args, '--verbose');
  expect(verbose.code).toBe(1);
  expect(verbose.err.startsWith(plain.err)).toBe(true);
  expect(verbose.err).toMatch(/\n {4}at /);
});

it.each([
  ['--help'],
  ['eval', '--help'],
  ['convert', '--help'],
  ['explain', '--help'],
  ['inspect', '--help'],
  ['predict', '--help'],
  ['trace', '--help'],
  ['record', '--help'],
  ['compare', '--help'],
  ['sweep', '--help'],
  ['tune', '--help'],
  ['tune-kernels', '--help'],
  ['doctor', '--help'],
  ['help', 'eval'],
])('%s %s helps within 80 columns', async (...args) => {
  const { code, out, err } = await result(...args);
  expect(code).toBe(0);
  expect(err).toBe('');
  expect(out).toMatch(/^Usage: bsnn/);
  expect(out.split('\n').filter((line) => line.length > 80)).toEqual([]);
});

it('--version is the package’s', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(await result('--version')).toEqual({ code: 0, out: `${version}\n`, err: '' });
});
