import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { run } from '../../src/cli/program.ts';
import type { EvaluationResult } from '../../src/evaluate/result.ts';
import { capturedTerminal } from '../cli/captured-terminal.ts';
import { folderTest } from '../data/temporary-folder.ts';
import { describeOnDevice, device } from '../helpers/device.ts';

// The command from its arguments to its output, with a device of its own.
device?.dispose();

const MODEL = 'datasets/models/mnist-resnet.onnx';
const isFraction = (v: number) => v >= 0 && v <= 1;

async function command(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const terminal = capturedTerminal();
  const code = await run(args, terminal);
  return { code, ...terminal.written };
}

describeOnDevice('bsnn eval', () => {
  folderTest('prints the figures and writes them as JSON', async ({ folder }) => {
    const path = join(folder, 'result.json');
    const options = ['--phase-bits', '4', '--limit', '70', '--calibration', '64', '--batch', '32', '--json', path];
    const { code, out, err } = await command('eval', MODEL, '--dataset', 'mnist', ...options);
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toMatch(/^mnist-resnet on mnist: 70 images\n/);
    expect(out.split('\n').filter((line) => line.length > 80)).toEqual([]);

    const result: EvaluationResult = JSON.parse(readFileSync(path, 'utf8'));
    expect(result).toMatchObject({
      model: 'mnist-resnet',
      dataset: 'mnist',
      images: 70,
      phaseBits: 4,
      waves: 3,
      scale: 'mse',
      percentile: 99.9,
      perChannel: true,
      correctBias: true,
      calibrationImages: 64,
      batch: 32,
    });
    expect(result.device).toEqual({ adapter: expect.any(String), driver: expect.any(String), software: expect.any(Boolean) });
    // an idle share of nothing is possible, and there is none without timestamps
    const { gpuIdleShare, readImagesPerSecond, ...timing } = result.timing;
    expect(readImagesPerSecond).toBeNull(); // all are diagnosed, batch by batch
    for (const figure of Object.values(timing)) expect(figure).toBeGreaterThan(0);
    expect(gpuIdleShare === null || isFraction(gpuIdleShare)).toBe(true);
    expectAccuracies(result);
    expectSpikes(result);
    expectDiagnosis(result);
  });

  folderTest('writes JSON and nothing else to the standard output where asked to', async () => {
    const { code, out } = await command(
      ...['eval', MODEL, '--dataset', 'mnist', '--limit', '5', '--offset', '1998', '--calibration', '8', '--json', '-'],
      ...['--phase-bits', '1', '--waves', '1', '--initial', 'zero', '--mean', '0.1307', '--std', '0.3081', '--quiet'],
      ...['--scale', 'mse', '--correct-bias'],
    );
    expect(code).toBe(0);
    const result: EvaluationResult = JSON.parse(out);
    // what is there after the offset
    expect(result).toMatchObject({ images: 2, phaseBits: 1, waves: 1, initial: 'zero', scale: 'mse', correctBias: true });
    expect(result.snn.curve.length).toBe(1);
    expect(result.snn.timesteps).toBe(result.snn.firstOutput);
  });

  folderTest('--layers prints a table and diagnoses; --diagnosis says how many images, of those that are there', async () => {
    const options = ['--dataset', 'mnist', '--phase-bits', '4', '--limit', '20', '--calibration', '8', '--waves', '2'];
    const { code, out } = await command('eval', MODEL, ...options, '--layers');
    expect(code).toBe(0);
    expect(out).toMatch(/layer +neurons +spikes +SIN/);
    expect(out).toContain('means over 20 images');
    expect(out.split('\n').filter((line) => line.length > 80)).toEqual([]);

    const few = await command('eval', MODEL, ...options, '--diagnosis', '7', '--json', '-');
    const result: EvaluationResult = JSON.parse(few.out);
    expect(result.diagnosis?.images).toBe(7);
    const none = await command('eval', MODEL, ...options, '--diagnosis', '0', '--json', '-');
    expect(JSON.parse(none.out)).toMatchObject({ diagnosis: null, layers: expect.not.arrayContaining([{ sin: 0 }]) });
    expect(JSON.parse(none.out).layers[0]).not.toHaveProperty('sin');
  });

  folderTest.for<[string, string[], number, RegExp]>([
    ['a model that is not there', ['no-such.onnx', '--dataset', 'mnist'], 1, /no-such\.onnx/],
    [
      'a model for other images',
      ['datasets/models/resnet20-cifar10.onnx', '--dataset', 'mnist'],
      2,
      /takes images of 3 × 32 × 32, data set "mnist" has 1 × 28 × 28/,
    ],
    ['an offset beyond the end', [MODEL, '--dataset', 'mnist', '--offset', '2000'], 2, /leaves none of the 2000 images/],
    ['three means for grey images', [MODEL, '--dataset', 'mnist', '--mean', '0,0,0'], 2, /mean: 3 values/],
  ])('refuses %s and writes nothing', async ([, args, exitCode, message], { folder }) => {
    const path = join(folder, 'result.json');
    const { code, out, err } = await command('eval', ...args, '--json', path);
    expect(err).toMatch(message);
    expect(err).toMatch(/^bsnn: [^\n]*\n$/);
    expect(out).toBe('');
    expect(code).toBe(exitCode);
    expect(existsSync(path)).toBe(false);
  });
});

function expectAccuracies({ ann, snn, waves }: EvaluationResult): void {
  expect(snn.wordSteps).toHaveLength(waves);
  expect([snn.wordSteps[0], snn.wordSteps[waves - 1]]).toEqual([snn.firstOutput, snn.timesteps]);
  expect(snn.curve.map(({ t }) => t)).toEqual(
    Array.from({ length: snn.timesteps - snn.firstOutput + snn.window }, (_, i) => snn.firstOutput - snn.window + 1 + i),
  );
  for (const { top1, top5 } of [ann, snn, ...snn.curve]) {
    expect(isFraction(top1) && isFraction(top5) && top1 <= top5).toBe(true);
  }
  expect(snn.curve.at(-1)).toEqual({ t: snn.timesteps, top1: snn.top1, top5: snn.top5 });
  // this network has 99 % on all of its images, so that two wrong ones of 70 are already many
  expect(ann.top1).toBeGreaterThan(0.95);
  expect(snn.top1).toBeGreaterThan(0.95);
  expect(snn.agreement).toBeGreaterThan(0.95);
}

function expectSpikes({ layers, spikesPerImage, phaseBits, waves }: EvaluationResult): void {
  const readout = layers.at(-1)!;
  expect(readout).toMatchObject({ neurons: 10, spikesPerImage: 0 });
  for (const { name, neurons, spikesPerImage: spikes, gridBits } of layers) {
    expect(name).not.toBe('');
    expect(gridBits[0]).toBeLessThanOrEqual(gridBits[1]);
    expect(spikes).toBeLessThan(neurons * Number(phaseBits) * waves);
    if (name !== readout.name) expect(spikes).toBeGreaterThan(0);
  }
  expect(spikesPerImage).toBeCloseTo(
    layers.reduce((sum, layer) => sum + layer.spikesPerImage, 0),
    6,
  );
}

function expectDiagnosis({ layers, diagnosis, images, spikesPerImage }: EvaluationResult): void {
  expect(diagnosis?.images).toBe(images);
  // all images are diagnosed here, so that spikes counted by two kernels must be the same
  expect(diagnosis?.spikesPerImage).toBeCloseTo(spikesPerImage, 6);
  for (const { spikesPerNeuron, spikesPerImage: spikes, neurons, sin, sinOfSpiking, inactive, silent, correlation } of layers.slice(
    0,
    -1,
  )) {
    expect(spikesPerNeuron! * neurons).toBeCloseTo(spikes, 6);
    for (const share of [sin, sinOfSpiking, inactive, silent]) expect(isFraction(share!)).toBe(true);
    expect(sin!).toBeLessThan(0.05);
    // a converted network follows the trained one
    expect(correlation!).toBeGreaterThan(0.95);
  }
  expect(layers.at(-1)).not.toHaveProperty('sin');
}
