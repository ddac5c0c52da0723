import { InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import { integer, numbers, percentile, scale } from '../../src/cli/arguments.ts';

describe('integer', () => {
  const upTo = integer([1, 65535]);
  const any = integer([0, Number.MAX_SAFE_INTEGER]);

  it.each([
    ['1', 1],
    ['65535', 65535],
    ['1e3', 1000],
    ['007', 7],
    ['2.0', 2],
  ])('reads %s', (text, value) => {
    expect(upTo(text)).toBe(value);
  });

  it('reads 0 and 1e9 where they are in range', () => {
    expect(any('0')).toBe(0);
    expect(any('1e9')).toBe(1_000_000_000);
  });

  it.each(['', ' ', '0', '-1', '65536', '1e9', '10x', '0x10', '1.5', '1,000', 'NaN', 'Infinity', '9007199254740993', '１'])(
    'refuses "%s"',
    (text) => {
      expect(() => upTo(text)).toThrow(InvalidArgumentError);
    },
  );

  it('says what it expects', () => {
    expect(() => upTo('x')).toThrow('Expected an integer from 1 to 65535.');
    expect(() => any('x')).toThrow('Expected an integer of at least 0.');
  });
});

describe('scale', () => {
  it.each(['percentile', 'max', 'mse', 'bound', 'percentile:99', 'percentile:99.95', 'percentile:.5', 'percentile:100'])(
    'takes %s',
    (text) => {
      expect(scale(text)).toBe(text);
    },
  );

  it.each(['', 'MSE', 'least', 'percentile:', 'percentile:0', 'percentile:101', 'percentile:1e1', 'percentile:-5', 'max:5'])(
    'refuses "%s"',
    (text) => {
      expect(() => scale(text)).toThrow('Expected one of percentile:P (0 < P ≤ 100), percentile, max, mse, bound.');
    },
  );
});

describe('percentile', () => {
  it.each([
    ['99.9', 99.9],
    ['100', 100],
    ['.5', 0.5],
  ])('reads %s', (text, value) => {
    expect(percentile(text)).toBe(value);
  });

  it.each(['0', '100.01', '-1', '99,9', '', '99.9 %'])('refuses "%s"', (text) => {
    expect(() => percentile(text)).toThrow(InvalidArgumentError);
  });
});

describe('numbers', () => {
  const shares = numbers((v) => v >= 0 && v <= 1, 'numbers from 0 to 1');

  it('reads one or more, with blanks after commas', () => {
    expect(shares('0.5')).toEqual([0.5]);
    expect(shares('0.1,0.2, 1')).toEqual([0.1, 0.2, 1]);
  });

  it.each(['', '0.1,', ',', '0.1;0.2', '2', '0.1,x'])('refuses "%s"', (text) => {
    expect(() => shares(text)).toThrow(/Expected numbers from 0 to 1, separated by commas/);
  });
});
