import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from '../../bench/peers/arguments.ts';
import { exportNetwork } from '../../bench/peers/export.ts';
import { findPython, readRows, runScript } from '../../bench/peers/python.ts';
import { compare, type Measured, type PeersResult, skipped } from '../../bench/peers/result.ts';
import { tableLines } from '../../bench/peers/table.ts';
import { ROOT } from '../../bench/root.ts';
import type { SpikingNetwork } from '../../src/network/network.ts';
import { folderTest } from '../data/temporary-folder.ts';
import { kOf, readoutStep, readoutUnits } from '../helpers/closed-times.ts';
import { simulateAll } from '../helpers/compare.ts';
import { randomAnn, randomPixels } from '../helpers/random-network.ts';
import { residual } from '../network/hand-made.ts';

describe('arguments of npm run bench:peers', () => {
  const shipped = {
    model: 'datasets/models/mnist-resnet.onnx',
    dataset: 'mnist',
    limit: 1000,
    phaseBits: 4,
    seconds: 600,
    json: null,
  };
  it.each([
    ['nothing: what is shipped', [], shipped],
    [
      'all of them',
      [
        '--',
        '--model',
        'a.onnx',
        '--dataset',
        'cifar10:x',
        '--limit',
        '7',
        '--phase-bits',
        '8',
        '--seconds',
        '60',
        '--json',
        'r.json',
      ],
      {
        model: 'a.onnx',
        dataset: 'cifar10:x',
        limit: 7,
        phaseBits: 8,
        seconds: 60,
        json: 'r.json',
      },
    ],
    ['an option without value', ['--json'], null],
    ['an unknown option', ['--modl', 'a.onnx'], null],
    ['no images', ['--limit', '0'], null],
    ['half a second', ['--seconds', '0.5'], null],
    ['K = 9', ['--phase-bits', '9'], null],
    ['a word', ['fast'], null],
  ])('%s', (_, args, expected) => {
    expect(parse(args)).toEqual(expected);
  });
});

const row = (name: string, imagesPerSecond: number | null): Measured => ({
  ...skipped(name, ''),
  imagesPerSecond,
  cpuMs: 12.34,
  images: 1000,
  batch: 64,
  accuracy: imagesPerSecond === null ? null : 0.87,
  steps: 80,
  versions: 'torch 2.13.0+cu126 cuda',
  reason: imagesPerSecond === null ? `because ${'it is so '.repeat(20)}` : null,
});

describe('the table of peers', () => {
  const rows = compare([
    row('ours, word 1', 500),
    row('literal, compiled, skips silence', 20),
    row('windowed', null),
    row('fast', 1e4),
  ]);
  const result: PeersResult = {
    device: { adapter: 'A GPU', driver: 'with a driver whose name is long '.repeat(4), software: false },
    host: { cpu: 'a processor', cores: 2, loadBefore: 0.1, loadAfter: 2 },
    date: '',
    commit: '',
    command: '',
    model: 'm',
    dataset: 'd',
    phaseBits: 4,
    rows,
  };

  it('ratios are of our first word; what has no rate has none', () => {
    expect(rows.map(({ ratio }) => ratio)).toEqual([1, 25, null, 0.05]);
    expect(compare([row('skipped', null)])[0].ratio).toBeNull();
  });

  it('fits 100 columns and says why a peer is missing', () => {
    const lines = tableLines(result);
    expect(lines.filter((line) => line.length > 100)).toEqual([]);
    expect(lines.join('\n')).toMatch(/windowed: skipped: because it is so/);
    expect(lines.find((line) => line.startsWith('literal'))).toMatch(
      / 20\.0 +25\.0 × +87\.0 % +80 +1000 +12\.3 torch 2\.13\.0\+cu126 cuda$/,
    );
  });

  it('rows are the JSON among a script’s lines', () => {
    expect(readRows(`a warning\n${JSON.stringify(row('x', 1))}\n`)).toEqual([row('x', 1)]);
  });
});

/** Exports a network with the reference's potentials of a few images, which `change` may change. */
function exportReference(folder: string, network: SpikingNetwork, waves: number, change: (potentials: Float64Array) => void): void {
  const count = 5;
  const pixels = randomPixels(network.input.shape, count, 3);
  const classes = network.layers[network.layers.length - 1].shape.channels;
  const K = kOf(network);
  const points = waves * K;
  const potentials = new Float64Array(points * count * classes);
  simulateAll(network, pixels, waves).forEach((image, n) => {
    image.potentials.forEach((values, p) => {
      potentials.set(values, (p * count + n) * classes);
    });
  });
  change(potentials);
  const steps = Array.from({ length: points }, (_, i) => readoutStep(network, Math.floor(i / K), i % K));
  exportNetwork(folder, {
    network,
    ann: randomAnn({ seed: 1, layers: 1, channels: 2, size: 4, phaseBits: 4, waves: 1, initial: 'half' }),
    normalization: { mean: [0], std: [1] },
    images: { count, shape: network.input.shape, pixels, labels: new Uint16Array(count) },
    calibration: pixels,
    run: { steps, potentials, units: readoutUnits(network) },
    waves,
    batch: { cpu: 3, cuda: 3 },
  });
}

const python = findPython(() => {});
if (typeof python === 'string') console.log(`PyTorch’s side of the peers is not tested: ${python}`);

describe.skipIf(typeof python === 'string')('peers in PyTorch find the reference’s potentials', () => {
  const run = (script: string, folder: string) =>
    typeof python === 'string' ? [] : runScript(python, join(ROOT, 'bench/peers', script), script, folder, 120);
  const timed = (rows: readonly Measured[]) => rows.filter(({ reason }) => reason === null || !reason.includes('compile'));

  folderTest.for<[string, string, SpikingNetwork, number]>([
    ['a residual network', 'literal.py', residual(), 2],
    ['a residual network', 'windowed.py', residual(), 2],
  ])('%s: %s', ([, script, network, waves], { folder }) => {
    exportReference(folder, network, waves, () => {});
    const rows = timed(run(script, folder));
    expect(rows.length).toBeGreaterThanOrEqual(2);
    for (const found of rows) expect(found).toMatchObject({ reason: null, wrong: false, images: 5, batch: 3 });
  });

  folderTest.for(['literal.py', 'windowed.py'])('%s says so where one potential of one image is another', (script, { folder }) => {
    const network = residual();
    exportReference(folder, network, 1, (potentials) => {
      potentials[potentials.length - 1] += 1;
    });
    const rows = timed(run(script, folder));
    expect(rows.length).toBeGreaterThanOrEqual(2);
    for (const found of rows) {
      expect(found).toMatchObject({ wrong: true, imagesPerSecond: null });
      expect(found.reason).toMatch(/^1 of \d+ potentials differ$/);
    }
  });

  folderTest('a script that is cut off gives what it had, and says so', ({ folder }) => {
    exportReference(folder, residual(), 1, () => {});
    if (typeof python === 'string') return;
    const rows = runScript(python, join(ROOT, 'bench/peers/literal.py'), 'literal', folder, 0.01);
    expect(rows).toMatchObject([{ name: 'literal', reason: 'the rest was cut off after 0.01 s', wrong: false }]);
  });

  folderTest('a script that breaks off is wrong, with its last words', ({ folder }) => {
    expect(run('literal.py', folder)).toMatchObject([
      { name: 'literal.py', wrong: true, reason: expect.stringMatching(/network|arrays/) },
    ]);
  });
});
