import { describe, expect, it } from 'vitest';
import { OptionError } from '../../src/errors.ts';
import { DEFAULTS, type EvaluateOptions } from '../../src/evaluate/options.ts';
import { settle } from '../../src/evaluate/settle.ts';

describe('settle', () => {
  it('fills in the defaults', () => {
    expect(settle({})).toEqual(DEFAULTS);
    expect(settle({ phaseBits: 'auto', loss: 2 })).toEqual({ ...DEFAULTS, phaseBits: 'auto', loss: 2 });
    expect(settle({ phaseBits: 8, mean: [0.5] })).toEqual({ ...DEFAULTS, phaseBits: 8, mean: [0.5] });
  });

  it('takes a percentile with the scale', () => {
    expect(settle({ scale: 'percentile:99.5', percentile: 98 })).toEqual({ ...DEFAULTS, scale: 'percentile', percentile: 99.5 });
    expect(settle({ scale: 'percentile', percentile: 98 })).toEqual({ ...DEFAULTS, scale: 'percentile', percentile: 98 });
    expect(settle({ percentile: 98 })).toEqual({ ...DEFAULTS, scale: 'percentile', percentile: 98 });
    expect(settle({ scale: 'max' })).toEqual({ ...DEFAULTS, scale: 'max' });
  });

  it.each<[string, EvaluateOptions]>([
    ['limit', { limit: 0 }],
    ['offset', { offset: -1 }],
    ['phaseBits', { phaseBits: 9 }],
    ['waves', { waves: 1.5 }],
    ['batch', { batch: 65536 }],
    ['calibration', { calibration: Number.NaN }],
    ['loss', { loss: -0.1 }],
    ['loss', { loss: Number.NaN }],
    ['percentile', { percentile: 0 }],
    ['percentile', { percentile: 100.1 }],
    ['scale', { scale: 'best' as 'mse' }],
    ['scale', { scale: 'percentile:0' }],
    ['initial', { initial: 'full' as 'half' }],
  ])('refuses %s: %o', (name, options) => {
    expect(() => settle(options)).toThrow(OptionError);
    expect(() => settle(options)).toThrow(new RegExp(`^${name}: `));
  });
});
