import { describe, expect, it } from 'vitest';
import { performanceDocument } from '../../bench/document.ts';
import type { BenchResult, Row } from '../../bench/result.ts';
import { digits, tableLines } from '../../bench/table.ts';

const row: Row = {
  suite: 'kernels',
  name: '3×3 64→64 8²',
  variant: 'uniform packed',
  gmacs: 12.345,
  gbps: null,
  imagesPerSecond: null,
  share: 0.25,
  bound: 'fma',
  dotShare: 0.5,
  gpuMs: 1.5,
  wallMs: 2,
  spread: 0.03,
};
const result: BenchResult = {
  device: { adapter: 'llvmpipe', driver: 'Mesa '.repeat(30) },
  software: true,
  commit: 'abc',
  date: '2026-11-24T00:00:00.000Z',
  command: 'npm run bench --',
  host: { cpu: 'a CPU', cores: 2, vectorBits: '256', shaderCache: false },
  timestamps: true,
  peaks: {
    fmaGmacs: 50,
    dot4Gmacs: 25,
    dot4SignedGmacs: null,
    f16Gmacs: null,
    matrixGmacs: null,
    loadGbps: { 'storage u32, by lane': 5 },
    copyGbps: 2,
    dispatchUs: 18,
    submitUs: 40,
  },
  rows: [
    row,
    { ...row, name: 'x'.repeat(80), variant: 'y'.repeat(80), gmacs: null, gbps: 3, bound: 'copy', gpuMs: null, wallMs: 12345 },
  ],
};

describe('table', () => {
  it('has at most 100 columns, whatever the names', () => {
    expect(tableLines(result).filter((line) => line.length > 100)).toEqual([]);
  });

  it('labels a software adapter', () => {
    expect(tableLines({ ...result, device: { adapter: 'llvmpipe', driver: 'Mesa' } })[0]).toContain('SOFTWARE');
    expect(tableLines({ ...result, software: false })[0]).not.toContain('SOFTWARE');
  });

  it('gives GPU and wall time apart, and no GPU time where there is none', () => {
    const [, , , , first, second] = tableLines(result);
    expect(first).toMatch(/12\.3 GMAC\/s\s+25 % fma\s+1\.50\s+2\.00\s+3%$/);
    expect(second).toMatch(/3\.00 GB\/s\s+25 % copy\s+12345\s+3%$/);
  });

  it.each([
    [123.4, '123'],
    [12.34, '12.3'],
    [1.234, '1.23'],
    [0.01234, '0.012'],
  ])('%f as %s', (x, text) => {
    expect(digits(x)).toBe(text);
  });
});

describe('document', () => {
  it('states device, command, shares, and what is not measured', () => {
    const text = performanceDocument([result]);
    expect(text).toContain('## llvmpipe, 256 bits (software)');
    expect(text).toContain('`MESA_SHADER_CACHE_DISABLE=true npm run bench --`');
    expect(text).toContain('| 3×3 64→64 8² | uniform packed | 12.3 GMAC/s | 25 % fma | 50 % | 1.50 | 2.00 | 3 % |');
    expect(text).toContain('Not measured yet');
  });
});
