/**
 * Networks of which there is little to say (neurons that never fire, logits that are all alike, one image): every figure is a number. In a soak alone;
 * the figures of a usual network are looked at by test/end-to-end/hostile-names.test.ts.
 */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { capturedTerminal } from '../cli/captured-terminal.ts';
import { folderTest } from '../data/temporary-folder.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { buildOnnx, real } from '../helpers/onnx-builder.ts';
import { SOAK } from '../helpers/soak.ts';
import { watchJson } from '../helpers/watch-json.ts';

device?.dispose();

const filled = (dims: number[], value: number) => real(dims, new Array<number>(dims.reduce((a, b) => a * b, 1)).fill(value));

/** A small classifier of digits, all of its weights alike. @param bias of the only layer that could fire */
const model = (weight: number, bias: number, readout: number): Uint8Array =>
  buildOnnx({
    inputs: [{ name: 'x', dims: ['N', 1, 28, 28] }],
    outputs: ['y'],
    nodes: [
      { op: 'Conv', in: ['x', 'k', 'b'], out: ['c'], name: 'convolution', attributes: { kernel_shape: [5, 5], strides: [4, 4] } },
      { op: 'Relu', in: ['c'], out: ['r'], name: 'rectifier' },
      { op: 'Flatten', in: ['r'], out: ['f'], name: 'flat' },
      { op: 'Gemm', in: ['f', 'w'], out: ['y'], name: 'head' },
    ],
    tensors: { k: filled([3, 1, 5, 5], weight), b: filled([3], bias), w: filled([108, 10], readout) },
  });

/** Runs a command and looks at what it writes as JSON. */
async function command(...args: string[]): Promise<void> {
  const written = watchJson();
  const terminal = capturedTerminal();
  const code = await run([...args, '--json', '-'], terminal);
  expect([code, terminal.written.err], args.join(' ')).toEqual([0, '']);
  expect(written(), args.join(' ')).toEqual([]);
}

const NETWORKS: readonly (readonly [string, Uint8Array])[] = [
  ['no neuron ever fires', model(0.01, -100, 0.1)],
  ['all neurons are alike, and all logits', model(0, 1, 0.1)],
  ['all logits are 0', model(0.01, 0.1, 0)],
];

describeOnDevice('figures are numbers', () => {
  folderTest.runIf(SOAK).for(NETWORKS)('%s', async ([, bytes], { folder }) => {
    const onnx = join(folder, 'm.onnx');
    const picture = join(folder, 'one.png');
    await writeFile(onnx, bytes);
    await sharp({ create: { width: 28, height: 28, channels: 3, background: 'white' } })
      .png()
      .toFile(picture);
    const data = ['--dataset', 'mnist', '--calibration', '4', '--mean', '0.1307', '--std', '0.3081', '--quiet'];
    const one = [...data, '--limit', '1', '--phase-bits', '2'];
    await command('inspect', onnx);
    await command('eval', onnx, ...one, '--layers');
    await command('compare', onnx, ...one, '--neurons', 'bistable,if', '--timesteps', '8');
    await command('explain', onnx, ...one);
    await command(
      'predict',
      onnx,
      picture,
      '--calibrate-on',
      'mnist',
      '--channels',
      '1',
      '--mean',
      '0.1307',
      '--std',
      '0.3081',
      '--quiet',
    );
    await command('sweep', onnx, ...one, '--waves', '2');
    await command('tune', onnx, ...data, '--limit', '8');
  });
});
