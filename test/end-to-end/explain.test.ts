import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { run } from '../../src/cli/program.ts';
import type { Explanation } from '../../src/evaluate/explain.ts';
import type { Inspection } from '../../src/evaluate/inspect.ts';
import type { EvaluationResult } from '../../src/evaluate/result.ts';
import { capturedTerminal } from '../cli/captured-terminal.ts';
import { folderTest } from '../data/temporary-folder.ts';
import { describeOnDevice } from '../helpers/device.ts';

const MODEL = 'datasets/models/mnist-resnet.onnx';
const IMAGES = ['--dataset', 'mnist', '--limit', '24', '--calibration', '32', '--waves', '2'];

const command = async (...args: string[]) => {
  const terminal = capturedTerminal();
  const code = await run(args, terminal);
  return { code, ...terminal.written };
};

/** Rounding is most of the error with scales of layers. */
const PLAIN = ['--scale', 'percentile:99.9', '--no-per-channel', '--no-correct-bias'];

const tooWide = (out: string) => out.split('\n').filter((line) => line.length > 80);

describeOnDevice('bsnn explain', () => {
  folderTest('says where the error comes from, and what other options give', async ({ folder }) => {
    const path = join(folder, 'explanation.json');
    const { code, out, err } = await command('explain', MODEL, ...IMAGES, ...PLAIN, '--phase-bits', '2', '--json', path);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(tooWide(out)).toEqual([]);
    expect(out).toMatch(/seen +pixels of mean [\d., -]+ std/);
    const found: Explanation = JSON.parse(readFileSync(path, 'utf8'));
    expect(found).toMatchObject({ images: 24, phaseBits: 2, waves: 2, notes: [] });
    expect(found.normalization).toMatchObject({ mean: [0.1307], std: [0.3081] });
    const { words, effects, together, timing } = found.error;
    expect(words).toHaveLength(2);
    // with K = 2 there are four words, and what lies between them is most of the error
    expect(effects.rounding.alone).toBeGreaterThan(Math.max(effects.clipping.alone, effects.weights.alone));
    expect(effects.rounding.without).toBeLessThan(words[0] / 2);
    // bistable neurons wait for the whole sum: nothing is due to time
    expect(timing).toBeLessThan(1e-4);
    expect(together).toBeCloseTo(words[0], 3);
    const shares = found.layers.map(({ share }) => share);
    expect(shares).toEqual([...shares].sort((a, b) => b - a));
    expect(found.layers.find(({ sin }) => sin === null)).toMatchObject({ clipping: 0, rounding: 0 });
    // a remedy is what the same command with that option finds
    const longer = found.remedies.find(({ option }) => option === '--phase-bits 3')!;
    expect(longer.gain).toBeGreaterThan(0);
    const again = await command('eval', MODEL, ...IMAGES, ...PLAIN, '--phase-bits', '3', '--json', '-');
    const { snn }: EvaluationResult = JSON.parse(again.out);
    expect({ agreement: snn.agreement, timesteps: snn.timesteps }).toEqual({
      agreement: longer.agreement,
      timesteps: longer.timesteps,
    });
  });

  folderTest('warns where mean and std are not those of training', async () => {
    const wrong = ['--mean', '0.9', '--std', '0.05'];
    const { code, out } = await command('explain', MODEL, ...IMAGES, '--phase-bits', '4', ...wrong);
    expect(code).toBe(0);
    expect(tooWide(out)).toEqual([]);
    expect(out).toMatch(/note +mean and std seem not to be those of training: with mean 0\.1/);
    expect(out).toMatch(/pixels +mean 0\.9, std 0\.05 \(as given\)/);
  });

  folderTest('goes with corrected biases', async () => {
    const few = ['--dataset', 'mnist', '--limit', '4', '--calibration', '8', '--waves', '1'];
    const { code, out } = await command('explain', MODEL, ...few, '--phase-bits', '3', '--correct-bias', '--json', '-');
    expect(code).toBe(0);
    const { error, remedies } = JSON.parse(out) as Explanation;
    expect(error.uncorrected).toBeCloseTo(error.together, 3);
    expect(error.uncorrected).not.toBe(error.words[0]);
    expect(remedies.map(({ option }) => option)).not.toContain('--correct-bias');
  });
});

describeOnDevice('bsnn inspect', () => {
  folderTest('takes models and saved networks', async ({ folder }) => {
    const net = join(folder, 'net.bsnn');
    await command('convert', MODEL, '--dataset', 'mnist', '--calibration', '8', '-o', net, '--quiet');
    const trained = await command('inspect', MODEL);
    expect(trained).toMatchObject({ code: 0, err: '' });
    expect(trained.out).toMatch(/^mnist-resnet: a trained network\n/);
    expect(tooWide(trained.out)).toEqual([]);
    const saved = await command('inspect', net, '--waves', '1', '--json', join(folder, 'found.json'));
    expect(saved).toMatchObject({ code: 0, err: '' });
    expect(saved.out).toMatch(/^mnist-resnet: a spiking network\n/);
    expect(tooWide(saved.out)).toEqual([]);
    const found: Inspection = JSON.parse(readFileSync(join(folder, 'found.json'), 'utf8'));
    const before: Inspection = JSON.parse((await command('inspect', MODEL, '--json', '-')).out);
    expect(found.plan.waves).toBe(1);
    for (const key of ['layers', 'neurons', 'macs', 'parameters'] as const) expect(found.totals[key]).toBe(before.totals[key]);
  });
});
