import { describe, expect, it } from 'vitest';
import { bar, COLUMNS, clip, field, paint, percent, points, scaled, whole } from '../../src/cli/print.ts';

it.each([
  [1234567, '1.23 M'],
  [999, '999'],
  [4.183e9, '4.18 G'],
  [12, '12'],
  [0, '0'],
])('scaled(%d) is %s', (value, text) => {
  expect(scaled(value)).toBe(text);
});

it('whole, percent', () => {
  expect(whole(1234567.4)).toBe('1,234,567');
  expect(percent(0.98765)).toBe('98.77 %');
});

it.each([
  [0.004, '+0.40'],
  [-0.05, '-5.00'],
  [0, '0.00'],
  [-1e-9, '0.00'],
])('points(%d) is %s', (difference, text) => {
  expect(points(difference)).toBe(text);
});

it.each([
  [0, ''],
  [1, '████'],
  [0.5, '██'],
  [0.53, '██▏'],
  [0.999, '████'],
])('bar(%d) is "%s"', (fraction, text) => {
  expect(bar(fraction, 4)).toBe(text);
});

it('clip leaves a short text and cuts a long one', () => {
  expect(clip('abc', 3)).toBe('abc');
  expect(clip('abcd', 3)).toBe('ab…');
});

describe('field', () => {
  it('breaks a long value between words and keeps to the columns', () => {
    const text = field('features', `${'some-feature '.repeat(20)}${'x'.repeat(200)}`, paint(false));
    const lines = text.split('\n');
    expect(lines.length).toBe(5);
    expect(lines.every((line) => line.length <= COLUMNS)).toBe(true);
    expect(lines[0]).toMatch(/^ {2}features {4}some-feature some/);
    expect(lines[4]).toMatch(/^ {14}x+…$/);
  });

  it('is grey where there is colour', () => {
    expect(field('a', 'b', paint(true))).toBe('  \x1b[2ma           \x1b[22mb');
  });
});
