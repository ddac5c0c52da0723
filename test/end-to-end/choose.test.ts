import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { run } from '../../src/cli/program.ts';
import type { EvaluationResult } from '../../src/evaluate/result.ts';
import type { Sweep } from '../../src/evaluate/swept.ts';
import type { TunedNetwork } from '../../src/evaluate/tuned-network.ts';
import { phaseBitsOf } from '../../src/network/network.ts';
import { readSavedNetwork } from '../../src/network/saved/load.ts';
import { capturedTerminal } from '../cli/captured-terminal.ts';
import { folderTest } from '../data/temporary-folder.ts';
import { describeOnDevice, device } from '../helpers/device.ts';

// The commands that choose K and words, from their arguments to their output, with a device of their own.
device?.dispose();

const MODEL = 'datasets/models/mnist-resnet.onnx';
const IMAGES = ['--dataset', 'mnist', '--calibration', '40'];

async function command(...args: string[]): Promise<string> {
  const terminal = capturedTerminal();
  const code = await run(args, terminal);
  expect({ code, err: terminal.written.err }).toEqual({ code: 0, err: '' });
  return terminal.written.out;
}

const tooWide = (out: string) => out.split('\n').filter((line) => line.length > 80 && !line.startsWith('  bsnn eval'));

describeOnDevice('K and words that are chosen', () => {
  folderTest('eval and convert choose the same K where none is given', async ({ folder }) => {
    const options = ['--limit', '20', '--waves', '1', '--loss', '2', '--diagnosis', '0'];
    const result: EvaluationResult = JSON.parse(await command('eval', MODEL, ...IMAGES, ...options, '--json', '-'));
    expect(result.phaseChoice).toMatchObject({ images: 40, allowed: 0.02, met: true });
    const net = join(folder, 'net.bsnn');
    const out = await command('convert', MODEL, ...IMAGES, '--loss', '2', '-o', net);
    expect(out).toMatch(/chosen +the first word is estimated to lose \d\.\d\d ± \d\.\d\d points \(2\s+allowed\)/);
    expect(phaseBitsOf((await readSavedNetwork(readFileSync(net))).network)).toBe(result.phaseBits);
  });

  folderTest('sweep prints every way, draws it, and recommends one', async ({ folder }) => {
    const plot = join(folder, 'sweep.svg');
    const path = join(folder, 'sweep.json');
    const ways = ['--phase-bits', '2,3', '--scale', 'max', '--per-channel', 'off', '--correct-bias', 'off', '--waves', '2'];
    const out = await command('sweep', MODEL, ...IMAGES, '--limit', '20', ...ways, '--plot', plot, '--json', path);
    expect(out).toMatch(/scale +K +words +step T +top-1 +to ANN +±\n +max +2 +1 +16 /);
    expect(out).toMatch(/recommended K = [23], [12] words? \(T = \d+\), max: loses/);
    expect(tooWide(out)).toEqual([]);
    const { rows }: Sweep = JSON.parse(readFileSync(path, 'utf8'));
    expect(rows.map(({ phaseBits, word, t }) => [phaseBits, word, t])).toEqual([
      [2, 1, 16],
      [2, 2, 20],
      [3, 1, 24],
      [3, 2, 30],
    ]);
    expect(readFileSync(plot, 'utf8')).toMatch(/^<svg/);
    expect(existsSync(plot)).toBe(true);
  });

  folderTest('the command that tune prints gives what its check has', async () => {
    const options = [
      '--scale',
      'max',
      '--per-channel',
      'off',
      '--correct-bias',
      'off',
      '--waves',
      '1',
      '--trials',
      '3',
      '--loss',
      '2',
      '--limit',
      '20',
    ];
    const out = await command('tune', MODEL, ...IMAGES, ...options);
    expect(tooWide(out)).toEqual([]);
    const [printed] = out.match(/(?<= {2}bsnn )eval .*$/m) ?? [''];
    const own = [...printed.split(' '), '--calibration', '40', '--limit', '20', '--diagnosis', '0', '--json', '-'];
    const { ann, snn }: EvaluationResult = JSON.parse(await command(...own));
    const found: TunedNetwork = JSON.parse(await command('tune', MODEL, ...IMAGES, ...options, '--json', '-'));
    expect(found.check).toMatchObject({ images: 20, annTop1: ann.top1, top1: snn.top1 });
    expect(snn.timesteps).toBe(found.best.t);
  });
});
