import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { run } from '../../src/cli/program.ts';
import type { Comparison } from '../../src/evaluate/comparison.ts';
import { capturedTerminal } from '../cli/captured-terminal.ts';
import { folderTest } from '../data/temporary-folder.ts';
import { describeOnDevice, device } from '../helpers/device.ts';

// The command from its arguments to its output, with a device of its own.
device?.dispose();

const MODEL = ['compare', 'datasets/models/mnist-resnet.onnx', '--dataset', 'mnist', '--calibration', '16', '--limit', '6'];

async function command(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const terminal = capturedTerminal();
  const code = await run([...MODEL, ...args], terminal);
  return { code, ...terminal.written };
}

describeOnDevice('bsnn compare', () => {
  folderTest('prints a table, writes JSON and a picture', async ({ folder }) => {
    const json = join(folder, 'c.json');
    const plot = join(folder, 'c.svg');
    const options = ['--neurons', 'if,bistable', '--timesteps', '32,8', '--json', json, '--plot', plot];
    const { code, out, err } = await command(...options);
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toMatch(/^mnist-resnet on mnist: 6 images\n/);
    expect(out.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(readFileSync(plot, 'utf8')).toMatch(/^<svg/);
    for (const text of ['mnist-resnet on mnist', 'bistable']) expect(readFileSync(plot, 'utf8')).toContain(text);

    const { ann, rows }: Comparison = JSON.parse(readFileSync(json, 'utf8'));
    expect(ann.top1).toBe(1);
    expect(rows.map(({ neuron, t }) => `${neuron} ${t}`)).toEqual(['if 8', 'if 32', 'bistable 8', 'bistable 32']);
    // bistable: no output before the last layer's window, then all at once, with few spikes of inactivated neurons
    expect(rows[2].top1).toBeNull();
    expect(rows[3].top1).toBe(1);
    expect(rows[3].sin).toBeLessThan(rows[1].sin / 5);
    for (const { seconds, layers } of rows) {
      expect(layers).toHaveLength(7);
      if (seconds !== null) expect(seconds).toBeGreaterThan(0);
    }
  });

  folderTest.for<[string, string[], RegExp]>([
    ['an unknown neuron', ['--neurons', 'if,lif'], /'if,lif' is invalid.*"lif" is not known/],
    ['a burst of none', ['--neurons', 'burst:0'], /γ = 0 is not an integer from 1 to 15/],
    ['a time of 0', ['--timesteps', '0,8'], /Expected an integer from 1 to 65535/],
    ['a picture of another kind', ['--plot', '/tmp/x.gif'], /x\.gif: is of no known kind/],
  ])('refuses %s', async ([, args, message]) => {
    const { code, err } = await command(...args);
    expect(err).toMatch(message);
    expect(code).toBe(2);
    expect(existsSync('/tmp/x.gif')).toBe(false);
  });
});
