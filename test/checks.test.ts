import { describe, expect, it } from 'vitest';
import {
  anyOf,
  type Checks,
  checkArgument,
  checkOptional,
  checkOptions,
  integer,
  listOf,
  number,
  oneOf,
  optionsOf,
  required,
  TEXT,
} from '../src/checks.ts';
import { OptionError } from '../src/errors.ts';

interface Options {
  readonly batch?: number;
  readonly scale?: string;
  readonly mean?: readonly number[];
  readonly layer: string;
}
const OPTIONS: Checks<Options> = {
  batch: anyOf(integer(1, 8), oneOf('auto')),
  scale: oneOf('percentile', 'max', 'mse'),
  mean: listOf(number('a number from 0 to 1', (v) => v >= 0 && v <= 1, 'it is of pixels / 255')),
  layer: required(TEXT),
};
const tried = (options: unknown) => () => checkOptions(options as Options, OPTIONS);

describe('checkOptions', () => {
  it('gives back what is right, without what is undefined or unknown and undefined', () => {
    const given = { layer: 'one', batch: 3, mean: [0, 0.5], scale: undefined, other: undefined };
    expect(tried(given)()).toEqual({ layer: 'one', batch: 3, mean: [0, 0.5] });
    expect(tried({ layer: 'one', batch: 'auto' })()).toEqual({ layer: 'one', batch: 'auto' });
  });

  it('reads options of an instance of a class', () => {
    class Own {
      get layer() {
        return 'one';
      }
    }
    expect(tried(new Own())()).toEqual({ layer: 'one' });
  });

  it.each<[string, unknown, string]>([
    ['an option that is needed', {}, 'layer: is missing, and must be a text; give one'],
    ['no options where one is needed', undefined, 'layer: is missing, and must be a text; give one'],
    [
      'a number out of range',
      { layer: 'a', batch: 9 },
      'batch: 9 is not an integer from 1 to 8, or "auto"; correct it, or leave it out',
    ],
    [
      'a text that comes near',
      { layer: 'a', scale: 'percentil' },
      'scale: "percentil" is not one of percentile, max, mse; did you mean "percentile"?',
    ],
    ['letters swapped', { layer: 'a', scale: 'MES' }, 'scale: "MES" is not one of percentile, max, mse; did you mean "mse"?'],
    [
      'a text that does not',
      { layer: 'a', scale: 'nonsense' },
      'scale: "nonsense" is not one of percentile, max, mse; correct it, or leave it out',
    ],
    [
      'an entry of a list',
      { layer: 'a', mean: [0.5, 2] },
      'mean: [0.5, 2] is not a list of at least one, each a number from 0 to 1; it is of pixels / 255',
    ],
    [
      'a list with a hole',
      { layer: 'a', mean: Object.assign([0.5], { 2: 0.5 }) },
      'mean: [0.5, undefined, 0.5] is not a list of at least one, each a number from 0 to 1; it is of pixels / 255',
    ],
    ['a misspelled option', { layer: 'a', bacth: 3 }, 'option "bacth": is not known here; did you mean "batch"?'],
    [
      'an option of another kind',
      { layer: 'a', verbose: true },
      'option "verbose": is not known here; the options here are batch, scale, mean, layer',
    ],
    [
      'a name of every object',
      { layer: 'a', toString: 1 },
      'option "toString": is not known here; the options here are batch, scale, mean, layer',
    ],
    ['null', null, 'options: null is not an object; give one'],
  ])('refuses %s', (_, options, message) => {
    expect(tried(options)).toThrow(OptionError);
    expect(tried(options)).toThrow(message);
  });
});

it('arguments are checked by the names of their places, and may be left out where that is allowed', () => {
  expect(() => checkArgument('count', 1.5, integer(0))).toThrow('count: 1.5 is not an integer of at least 0; give one');
  expect(() => checkArgument('count', undefined, integer(0))).toThrow(
    'count: is missing, and must be an integer of at least 0; give one',
  );
  checkOptional('count', undefined, integer(0));
  expect(() => checkOptional('count', null, integer(0))).toThrow(
    'count: null is not an integer of at least 0; correct it, or leave it out',
  );
});

it('takes the options of a table out of more', () => {
  const more = { layer: 'one', batch: 2, name: 'other' };
  expect(optionsOf(OPTIONS, more)).toEqual({ layer: 'one', batch: 2 });
});
