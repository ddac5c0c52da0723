import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { capturedTerminal } from '../cli/captured-terminal.ts';
import { folderTest } from '../data/temporary-folder.ts';
import { describeOnDevice, device } from '../helpers/device.ts';

// The command from its arguments to its output, with a device of its own.
device?.dispose();

const MODEL = ['trace', 'datasets/models/mnist-resnet.onnx', '--dataset', 'mnist', '--calibration', '16'];

async function command(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const terminal = capturedTerminal();
  const code = await run([...MODEL, ...args], terminal);
  return { code, ...terminal.written };
}

/** Spikes, spiking neurons and SIN, as the command says. */
const figures = (out: string): number[] =>
  [...out.matchAll(/([\d,]+) (?:spikes|neurons|of these)/g)].map(([, n]) => Number(n.replaceAll(',', '')));

describeOnDevice('bsnn trace', () => {
  folderTest('writes all spikes of a layer as an array', async ({ folder }) => {
    const path = join(folder, 'spikes.npy');
    const { code, out, err } = await command('--layer', 'blocks.1/relu1', '--timesteps', '21', '--image', '3', '--out', path);
    expect(err).toBe('');
    expect(code).toBe(0);
    const file = readFileSync(path);
    expect(file.toString('latin1')).toContain("'shape': (21, 24, 14, 14,)");
    const spikes = file.subarray(128);
    expect(spikes.length).toBe(21 * 24 * 14 * 14);
    expect(spikes.reduce((a, b) => a + b, 0)).toBe(figures(out)[0]);
    // a layer of depth 4 fires in windows 4, 6, …: steps 16 to 19 of these
    const perStep = Array.from({ length: 21 }, (_, t) => spikes.subarray(t * 4704, (t + 1) * 4704).reduce((a, b) => a + b, 0));
    expect(perStep.map((n) => n > 0)).toEqual(perStep.map((_, t) => t >= 16 && t < 20));
  });

  folderTest('counts the spikes of a burst, and the bits of a multi-threshold word', async ({ folder }) => {
    const path = join(folder, 'spikes.npy');
    const burst = await command('--layer', 'stem', '--timesteps', '12', '--neuron', 'burst:5', '--out', path);
    const counts = readFileSync(path).subarray(128);
    expect(Math.max(...counts)).toBeGreaterThan(1);
    expect(figures(burst.out)[0]).toBe(counts.reduce((a, b) => a + b, 0));
    const multi = await command('--layer', 'stem', '--timesteps', '12', '--neuron', 'multi:4', '--out', path);
    const file = readFileSync(path);
    const words = Array.from({ length: (file.length - 128) / 4 }, (_, i) => file.readInt32LE(128 + 4 * i));
    const bits = words.map((word) => Math.abs(word).toString(2).replaceAll('0', '').length);
    expect(Math.max(...bits)).toBeGreaterThan(1);
    expect(figures(multi.out)[0]).toBe(bits.reduce((a, b) => a + b, 0));
  });

  folderTest('draws as SVG and PNG', async ({ folder }) => {
    const svg = join(folder, 'picture.svg');
    const png = join(folder, 'picture.png');
    expect((await command('--layer', 'stem', '--out', svg, '--rows', '12')).code).toBe(0);
    expect(readFileSync(svg, 'utf8')).toMatch(/^<svg[\s\S]*mnist-resnet, layer \/stem[\s\S]*12 of 9,408 neurons/);
    expect((await command('--layer', 'stem', '--out', png)).code).toBe(0);
    expect(readFileSync(png).subarray(1, 4).toString()).toBe('PNG');
  });

  folderTest('other neurons fire where bistable ones are silent', async ({ folder }) => {
    const path = join(folder, 'spikes.npy');
    const sin: number[] = [];
    for (const neuron of ['bistable', 'bistable-no-sn', 'phase', 'if', 'burst:3']) {
      const { code, out } = await command('--layer', 'blocks.2/relu1', '--timesteps', '48', '--neuron', neuron, '--out', path);
      expect(code).toBe(0);
      sin.push(figures(out)[2]);
    }
    expect(sin[1]).toBeGreaterThan(sin[0]);
    for (const other of sin.slice(2)) expect(other).toBeGreaterThan(3 * sin[0]);
  });

  folderTest.for<[string, string[], RegExp]>([
    ['a layer that is not there', ['--layer', 'nowhere'], /layer "nowhere": is no layer of neurons; choose one of \/stem/],
    ['the name of several layers', ['--layer', 'relu1'], /layer "relu1": is the name of 3 layers; choose one of/],
    ['an unknown neuron', ['--layer', 'stem', '--neuron', 'lif'], /"lif" is not known/],
    ['synchronous neurons without windows', ['--layer', 'stem', '--neuron', 'phase-no-sn'], /"phase-no-sn" is not known/],
    ['an image that is not there', ['--layer', 'stem', '--image', '2000'], /2000 leaves none of the 2000 images/],
  ])('refuses %s', async ([, args, message], { folder }) => {
    const path = join(folder, 'x.png');
    const { code, err } = await command(...args, '--out', path);
    expect(err).toMatch(message);
    expect(code).toBe(2);
    expect(existsSync(path)).toBe(false);
  });

  folderTest('refuses a file of another kind, before any work', async ({ folder }) => {
    const { code, err } = await command('--layer', 'stem', '--out', join(folder, 'x.gif'));
    expect(err).toMatch(/x\.gif: is of no known kind; name a file that ends in \.png, \.svg or \.npy/);
    expect(code).toBe(2);
  });
});
