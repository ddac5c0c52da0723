import { expect, it } from 'vitest';
import { formatConversion } from '../../src/cli/print-conversion.ts';
import type { ConvertedModel } from '../../src/evaluate/convert-model.ts';
import type { Note } from '../../src/evaluate/notes.ts';
import { randomNetwork } from '../helpers/random-network.ts';

const NOTE: Note = { code: 'mean-std-assumed', text: 'mean and std are assumed, as nothing says what the model was trained with' };

function example(name: string): ConvertedModel {
  const recipe = { seed: 7, layers: 3, channels: 6, size: 6, phaseBits: 4, waves: 2, initial: 'half' } as const;
  const normalization = {
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
    meanFrom: 'nobody',
    stdFrom: 'options',
  } as const;
  return {
    network: { ...randomNetwork(recipe), name },
    phaseChoice: null,
    about: { classes: null, normalization, calibration: null },
    ...{
      scale: 'percentile',
      percentile: 99.9,
      perChannel: false,
      correctBias: false,
      calibrationImages: 500,
      calibratedOn: 'others',
      normalization,
    },
    ...{ skipped: [], notes: [NOTE] },
  };
}

it('says what was written', () => {
  expect(formatConversion(example('net'), 'net.bsnn', 12_345, false)).toMatchInlineSnapshot(`
    "net: saved as a spiking network

      file        net.bsnn, 12,345 bytes
      network     4 layers, 26 neurons, 133 weights
      words       K = 4 spikes each
      pixels      mean 0.485, 0.456, 0.406 (assumed), std 0.229, 0.224, 0.225 (as
                  given)
      scales      99.9th percentile of 500 images that are not evaluated
                  λ from 0.708 to 0.836, of the readout 1.04

      note        mean and std are assumed, as nothing says what the model was
                  trained with
    "
  `);
});

it('fits 80 columns with long names', () => {
  const lines = formatConversion(example('n'.repeat(200)), `${'folder/'.repeat(30)}net.bsnn`, 1e9, false).split('\n');
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});
