import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { elementsOf } from '../../src/data/arrays/npy.ts';
import { openNpyFile } from '../../src/data/arrays/npy-header.ts';
import { openNpzFile } from '../../src/data/arrays/npz.ts';
import { capturedTerminal } from '../cli/captured-terminal.ts';
import { folderTest } from '../data/temporary-folder.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { describeWithNumpy, numpy } from '../helpers/numpy.ts';

// The command from its arguments to its output, with a device of its own.
device?.dispose();

const MODEL = ['record', 'datasets/models/mnist-resnet.onnx', '--dataset', 'mnist', '--calibration', '16'];

async function command(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const terminal = capturedTerminal();
  const code = await run([...MODEL, ...args], terminal);
  return { code, ...terminal.written };
}

/** The arrays of a file. */
async function arraysOf(path: string) {
  const found = new Map<string, { shape: readonly number[]; values: ArrayLike<number> }>();
  for (const { name, file } of await openNpzFile(path)) {
    const { type, shape, data } = await openNpyFile(file);
    found.set(name, { shape, values: elementsOf(await data.read(0, data.size), type) });
  }
  return found;
}

describeOnDevice('bsnn record', () => {
  folderTest('writes spikes and membranes of chosen layers, whatever the batch', async ({ folder }) => {
    const [one, three] = [join(folder, 'one.npz'), join(folder, 'three.npz')];
    const choice = ['--layer', 'stem', 'blocks.1/relu1', '--offset', '2', '--limit', '3', '--timesteps', '21'];
    const { code, out, err } = await command(...choice, '--out', three);
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toMatch(/^images 2 to 4, 21 steps, neuron bistable: 2 layers\n.*three\.npz: [\d.]+ MB\n/);
    expect(out).toMatch(/ {2}blocks\/blocks\.1\/relu1\/Relu\/spikes +uint8 +3 × 21 × 24 × 14 × 14 +296 kB\n/);
    expect(out.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect((await command(...choice, '--out', one, '--batch', '1')).code).toBe(0);
    const [a, b] = [await arraysOf(one), await arraysOf(three)];
    expect(a).toEqual(b);
    expect(Array.from(a.get('image')!.values)).toEqual([2, 3, 4]);
    expect(a.get('timesteps')).toMatchObject({ shape: [], values: Int32Array.of(21) });
    const names = [...a.keys()];
    expect(names.slice(0, 5)).toEqual(['image', 'label', 'timesteps', 'mean', 'std']);
    expect(names).toHaveLength(11);
    expect(names.filter((name) => name.startsWith('/'))).toEqual([]);
    for (const name of names.filter((one) => one.endsWith('/spikes'))) {
      expect(Array.from(a.get(name)!.values).some((s) => s === 1)).toBe(true);
      expect(a.get(name)!.shape).toEqual(a.get(name.replace('spikes', 'membranes'))!.shape);
    }
    expect(readdirSync(folder).sort()).toEqual(['one.npz', 'three.npz']);
  });

  folderTest('a saved network gives what the model gives that it was converted from', async ({ folder }) => {
    const net = join(folder, 'net.bsnn');
    const [own, saved] = [join(folder, 'own.npz'), join(folder, 'saved.npz')];
    const terminal = capturedTerminal();
    expect(await run(['convert', ...MODEL.slice(1), '-o', net, '--quiet', '--json', '-'], terminal)).toBe(0);
    expect(JSON.parse(terminal.written.out)).toMatchObject({
      model: 'mnist-resnet',
      file: net,
      phaseBits: 4,
      calibrationImages: 16,
    });
    const choice = ['--layer', 'stem', '--limit', '2', '--timesteps', '12'];
    expect((await command(...choice, '--out', own)).code).toBe(0);
    const images = ['record', net, '--dataset', 'mnist', ...choice, '--out', saved];
    const recording = capturedTerminal();
    expect(await run(images, recording)).toBe(0);
    expect(recording.written.out).toMatch(/scales +mse over 16 training images, by channel, biases corrected, as\s+saved/);
    expect(await arraysOf(saved)).toEqual(await arraysOf(own));
    expect(await run([...images, '--phase-bits', '4'], capturedTerminal())).toBe(2);
  });

  folderTest('all layers, spikes alone', async ({ folder }) => {
    const path = join(folder, 'x.npz');
    const { code } = await command('--all-layers', '--what', 'spikes', '--timesteps', '6', '--out', path);
    expect(code).toBe(0);
    const names = [...(await arraysOf(path)).keys()];
    expect(names.filter((name) => name.endsWith('/spikes')).length).toBeGreaterThan(5);
    expect(names.filter((name) => name.endsWith('/membranes'))).toEqual([]);
  });

  folderTest('a refusal leaves the file that was there, and nothing beside it', async ({ folder }) => {
    const path = join(folder, 'x.npz');
    writeFileSync(path, 'old');
    const { code, err } = await command('--layer', 'nowhere', '--out', path);
    expect(err).toMatch(/layer "nowhere": is no layer of neurons; choose one of \/stem/);
    expect(code).toBe(2);
    expect(readdirSync(folder)).toEqual(['x.npz']);
    expect((await command('--layer', 'stem', '--offset', '2000', '--out', join(folder, 'y.npz'))).code).toBe(2);
    expect(existsSync(join(folder, 'y.npz'))).toBe(false);
  });

  describeWithNumpy('NumPy', () => {
    folderTest('reads the file', async ({ folder }) => {
      const args = ['--layer', 'stem', '--limit', '2', '--timesteps', '9', '--neuron', 'multi:4', '--out', join(folder, 'x.npz')];
      expect((await command(...args)).code).toBe(0);
      const lines = numpy(folder, "z = np.load('x.npz')", 'for k in z.files: print(k.split("/")[-1], z[k].dtype, z[k].shape)');
      expect(lines.trim().split('\n')).toEqual([
        'image int32 (2,)',
        'label int32 (2,)',
        'timesteps int32 ()',
        'mean float64 (1,)',
        'std float64 (1,)',
        'spikes int32 (2, 9, 12, 28, 28)',
        'membranes int32 (2, 9, 12, 28, 28)',
        'unit float64 (12,)',
      ]);
    });
  });
});
