import { describe, expect, it } from 'vitest';
import { formatEvaluation, tableRows } from '../../src/cli/print-evaluation.ts';
import { example, savedExample } from './evaluation-example.ts';

const steps = (options: Parameters<typeof example>[0]) =>
  tableRows(example(options)).map(({ point, words }) => `${point.t}: ${words}`);

describe('tableRows', () => {
  it('has every step of the first word, then full words', () => {
    expect(steps({})).toEqual(['29: 1/4', '30: 2/4', '31: 3/4', '32: 1', '40: 2', '48: 3']);
  });

  it('has full words alone where a word is one spike', () => {
    expect(steps({ phaseBits: 1, waves: 2 })).toEqual(['8: 1', '10: 2']);
  });

  it('has ever fewer of many words, and the last', () => {
    expect(steps({ phaseBits: 1, waves: 100 }).map((row) => row.split(': ')[1])).toEqual([
      '1',
      '2',
      '3',
      '4',
      '8',
      '16',
      '32',
      '64',
      '100',
    ]);
  });
});

describe('formatEvaluation', () => {
  it('prints what matters', () => {
    expect(formatEvaluation(example(), false)).toMatchInlineSnapshot(`
      "resnet on mnist: 1,000 images

        device      llvmpipe (software)
        driver      Mesa 25.0.7
        network     40,000 neurons, K = 4 spikes a word, 3 waves
        pixels      mean 0.1307, std 0.3081 (the model’s sidecar)
        scales      99.9th percentile of 500 training images

        ANN         99.00 %

        step T   words  SNN top-1   to ANN
            29     1/4    10.00 %   -89.00  ██▍
            30     2/4    11.00 %   -88.00  ██▋
            31     3/4    12.00 %   -87.00  ██▉
            32       1    13.00 %   -86.00  ███▏
            40       2    21.00 %   -78.00  █████
            48       3    29.00 %   -70.00  ███████

        agreement   99.80 % of the images get the ANN's class
        spikes      60,000 an image, 1.50 a neuron
        speed       264 images/s, 4.18 G multiply-adds/s; read at 1.23 k images/s
        GPU         73 MB of buffers at most, idle for 4.00 % of the SNN's run
        time        9.9 s: compile 0.2, calibrate 1.5, ANN 1.1, SNN 3.8
      "
    `);
  });

  it('compares a saved network with nothing', () => {
    expect(formatEvaluation(savedExample(), false)).toMatchInlineSnapshot(`
      "resnet on mnist: 1,000 images

        device      llvmpipe (software)
        driver      Mesa 25.0.7
        network     40,000 neurons, K = 4 spikes a word, 3 waves
        pixels      mean 0.1307, std 0.3081 (the model’s sidecar)
        scales      99.9th percentile of 500 training images, as saved

        ANN         none: a saved network has no trained one to be compared with

        step T   words  SNN top-1
            29     1/4    10.00 %  ██▍
            30     2/4    11.00 %  ██▋
            31     3/4    12.00 %  ██▉
            32       1    13.00 %  ███▏
            40       2    21.00 %  █████
            48       3    29.00 %  ███████

        spikes      60,000 an image, 1.50 a neuron
        speed       264 images/s, 4.18 G multiply-adds/s; read at 1.23 k images/s
        GPU         73 MB of buffers at most, idle for 4.00 % of the SNN's run
        time        9.9 s: compile 0.2, SNN 3.8
      "
    `);
    expect(formatEvaluation(savedExample(false), false)).toMatch(/scales +as saved\n/);
  });

  it('shows top-5 where there are more than ten classes', () => {
    const text = formatEvaluation(example({ classes: 100 }), false);
    expect(text).toContain('ANN         99.00 % (top-5 100.00 %)');
    expect(text).toMatch(/to ANN +top-5/);
  });

  it('says how K was chosen, where it was', () => {
    const loss = { value: 0.00314, standardError: 0.00121 };
    const phaseChoice = { images: 500, allowed: 0.005, met: true, loss, tried: [] };
    expect(formatEvaluation({ ...example(), phaseChoice }, false)).toContain(
      [
        '  chosen      the first word is estimated to lose 0.31 ± 0.12 points (0.5',
        '              allowed), on 500 images, no labels',
      ].join('\n'),
    );
    const one = { ...phaseChoice, images: 1, loss: { value: 0, standardError: null } };
    expect(formatEvaluation({ ...example(), phaseChoice: one }, false)).toMatch(
      /lose 0\.00 ± ∞ points \(0\.5 allowed\),\s+on 1 image,/,
    );
  });

  it.each([
    ['eight spikes a word, many words', example({ phaseBits: 8, waves: 128, classes: 1000 })],
    [
      'long names',
      { ...example(), model: 'm'.repeat(200), device: { adapter: 'a '.repeat(90), driver: 'd'.repeat(200), software: true } },
    ],
    ['large numbers', { ...example({ classes: 1000 }), images: 1e9, spikesPerImage: 1e12, calibrationImages: 1e9 }],
  ])('fits 80 columns with %s', (_, result) => {
    const lines = formatEvaluation(result, false).split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });

  it('has codes only where there is colour, and they change nothing else', () => {
    const plain = formatEvaluation(example(), false);
    const coloured = formatEvaluation(example(), true);
    expect(plain).not.toContain('\x1b');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the codes are what is taken out
    expect(coloured.replace(/\x1b\[\d+m/g, '')).toBe(plain);
  });
});

it('prints no codes that a saved network brings along in its name', () => {
  const [title] = formatEvaluation({ ...savedExample(), model: 'net\x1b[2J' }, false).split('\n');
  expect(title).not.toContain('\x1b');
});
