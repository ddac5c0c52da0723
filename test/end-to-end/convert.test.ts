import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { run } from '../../src/cli/program.ts';
import type { Predictions } from '../../src/evaluate/predict.ts';
import type { EvaluationResult, SavedEvaluation } from '../../src/evaluate/result.ts';
import { readSavedNetwork } from '../../src/network/saved/load.ts';
import { capturedTerminal } from '../cli/captured-terminal.ts';
import { folderTest } from '../data/temporary-folder.ts';
import { describeOnDevice, device } from '../helpers/device.ts';

// The commands from their arguments to their output, with a device of their own.
device?.dispose();

const MODEL = 'datasets/models/mnist-resnet.onnx';
const MNIST = ['--dataset', 'mnist'];
const IMAGES = [...MNIST, '--limit', '40', '--batch', '16'];
const CONVERSION = ['--calibration', '32', '--phase-bits', '3', '--percentile', '99'];

async function command(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const terminal = capturedTerminal();
  const code = await run(args, terminal);
  return { code, ...terminal.written };
}

const tooWide = (out: string) => out.split('\n').filter((line) => line.length > 80);

describeOnDevice('bsnn convert', () => {
  folderTest('saves what eval runs, to the same figures', async ({ folder }) => {
    // by its content, whatever its name
    const net = join(folder, 'net.onnx');
    const converted = await command('convert', MODEL, ...MNIST, ...CONVERSION, '-o', net);
    expect(converted).toMatchObject({ code: 0, err: '' });
    expect(converted.out).toMatch(/^mnist-resnet: saved as a spiking network\n/);
    expect(converted.out).toMatch(
      /scales +99th percentile of 32 training images, by channel, biases\n +corrected\n +λ from [\d.]+ to [\d.]+, of the readout/,
    );
    expect(converted.out).toMatch(/pixels +mean 0\.1307, std 0\.3081 \(the model’s sidecar\)/);
    expect(tooWide(converted.out)).toEqual([]);
    expect(readdirSync(folder)).toEqual(['net.onnx']);
    const { about } = await readSavedNetwork(readFileSync(net));
    expect(about).toEqual({
      classes: Array.from({ length: 10 }, (_, c) => String(c)),
      normalization: { mean: [0.1307], std: [0.3081], meanFrom: 'sidecar', stdFrom: 'sidecar' },
      calibration: {
        dataset: 'mnist',
        images: 32,
        origin: 'training',
        scale: 'percentile',
        percentile: 99,
        perChannel: true,
        correctBias: true,
      },
    });

    const own: EvaluationResult = JSON.parse((await command('eval', MODEL, ...IMAGES, ...CONVERSION, '--json', '-')).out);
    const path = join(folder, 'result.json');
    const { code, out, err } = await command('eval', net, ...IMAGES, '--layers', '--json', path);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const saved: SavedEvaluation = JSON.parse(readFileSync(path, 'utf8'));
    const { agreement: _, ...snn } = own.snn;
    expect(saved).toMatchObject({ ann: null, diagnosis: null, snn: { ...snn, agreement: null } });
    for (const key of ['model', 'dataset', 'images', 'classes', 'phaseBits', 'waves', 'initial', 'spikesPerImage'] as const) {
      expect(saved[key]).toEqual(own[key]);
    }
    for (const key of ['normalization', 'percentile', 'calibrationImages', 'calibratedOn', 'notes'] as const) {
      expect(saved[key]).toEqual(own[key]);
    }
    expect(saved.layers.map(({ spikesPerImage }) => spikesPerImage)).toEqual(own.layers.map((layer) => layer.spikesPerImage));
    expect(out).toMatch(/ANN +none: a saved network has no trained one/);
    expect(out).toMatch(/scales +99th percentile of 32 training images, by channel, biases\s+corrected, as saved/);
    expect(out).not.toMatch(/to ANN|agreement/);
    expect(tooWide(out)).toEqual([]);
  });

  folderTest('saves what predict runs', async ({ folder }) => {
    const net = join(folder, 'net.bsnn');
    const picture = join(folder, 'grey.png');
    const { default: sharp } = await import('sharp');
    await sharp({ create: { width: 28, height: 28, channels: 3, background: { r: 90, g: 90, b: 90 } } })
      .png()
      .toFile(picture);
    await command('convert', MODEL, ...MNIST, ...CONVERSION, '-o', net);
    const { code, out, err } = await command('predict', net, picture, '--channels', '1');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/final from step T = \d+ on\n +class +word 1 +word 2 +word 3\n/);
    expect(tooWide(out)).toEqual([]);
    const options = ['--channels', '1', '--json', '-'];
    const saved: Predictions = JSON.parse((await command('predict', net, picture, ...options)).out);
    const calibrated = [...CONVERSION, '--calibrate-on', 'mnist'];
    const own: Predictions = JSON.parse((await command('predict', MODEL, picture, ...options, ...calibrated)).out);
    const [image] = saved.images;
    expect(image).toMatchObject({ class: own.images[0].class, finalAt: own.images[0].finalAt, annClass: null });
    expect(image.top[0]).toEqual({ ...own.images[0].top[0], annLogit: null, annShare: null });
  });

  folderTest('refuses what does not go with a saved network, and writes nothing', async ({ folder }) => {
    const net = join(folder, 'net.bsnn');
    await command('convert', MODEL, ...MNIST, '--calibration', '8', '--phase-bits', '4', '-o', net, '--quiet');
    const refused = async (code: number, message: RegExp, ...args: string[]) => {
      const found = await command(...args);
      expect(found.err).toMatch(message);
      expect(found).toMatchObject({ code, out: '' });
    };
    await refused(2, /--phase-bits: is given with a saved network/, 'eval', net, ...IMAGES, '--phase-bits', '4');
    await refused(2, /--mean: is given/, 'eval', net, ...IMAGES, '--mean', '0.1');
    await refused(2, /--calibrate-on: is given/, 'eval', net, ...IMAGES, '--calibrate-on', 'mnist');
    await refused(2, /--diagnosis: is given/, 'eval', net, ...IMAGES, '--diagnosis', '9');
    await refused(2, /--percentile: is given/, 'predict', net, 'x.png', '--percentile', '99');
    await refused(2, /net\.bsnn: is a saved network, and the trained one/, 'compare', net, ...IMAGES);
    await refused(2, /there is no folder/, 'convert', MODEL, ...MNIST, '-o', join(folder, 'no', 'net.bsnn'));
    expect(readdirSync(folder)).toEqual(['net.bsnn']);

    const bytes = readFileSync(net);
    const changed = join(folder, 'changed.bsnn');
    writeFileSync(changed, bytes.subarray(0, bytes.length - 5));
    await refused(1, /changed\.bsnn: has \d+ bytes of arrays/, 'eval', changed, ...IMAGES);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(changed, bytes);
    await refused(1, /changed\.bsnn: was changed: its SHA-256/, 'eval', changed, ...IMAGES);
    // a model is converted, whatever stands there; what fails leaves it
    copyFileSync(net, changed);
    await refused(1, /no-such\.onnx/, 'convert', 'no-such.onnx', ...MNIST, '-o', changed);
    expect(readFileSync(changed)).toEqual(readFileSync(net));
    expect(existsSync(join(folder, 'no'))).toBe(false);
  });
});
