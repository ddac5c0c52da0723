import { describe, expect, it } from 'vitest';
import { memoryChart, rateChart } from '../../bench/charts.ts';
import { performanceDocument } from '../../bench/document.ts';
import type { Axis, BenchResult, Row } from '../../bench/result.ts';
import { digits, tableLines } from '../../bench/table.ts';
import { renderSvg } from '../../src/plot/render.ts';

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
  command: 'MESA_SHADER_CACHE_DISABLE=true npm run bench',
  host: { cpu: 'a CPU', cores: 2, vectorBits: '256', shaderCache: false, load: 0.1 },
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

/** A point of the suite `growth`: the time grows with `at`, half of the bound is reached. */
const point = (axis: Axis, at: number): Row => ({
  ...row,
  suite: 'growth',
  name: `ResNet, ${axis} = ${at}`,
  gmacs: 10,
  imagesPerSecond: 1000 / at,
  share: 0.5,
  bound: 'dot4',
  axis,
  at,
  bytes: at * 2 ** 20,
  boundImagesPerSecond: 2000 / at,
});
const AXES: readonly Axis[] = ['batch', 'waves', 'K', 'width', 'depth', 'resolution'];
const grown: BenchResult = { ...result, rows: [...result.rows, ...AXES.flatMap((axis) => [point(axis, 1), point(axis, 14)])] };

describe('document', () => {
  it('states device, command, shares, and what is not measured', () => {
    const text = performanceDocument([{ name: 'llvmpipe-256', result }], '');
    expect(text).toContain('## llvmpipe, 256 bits (software)');
    expect(text).toContain('`MESA_SHADER_CACHE_DISABLE=true npm run bench`');
    expect(text).toContain('| 3×3 64→64 8² | uniform packed | 12.3 GMAC/s | 25 % fma | 50 % | 1.50 | 2.00 | 3 % |');
    expect(text).toContain('Not measured yet');
    expect(text).toContain('* growth with batch');
    expect(text).not.toContain('### growth');
  });

  it('warns of a machine that other work kept busy', () => {
    const busy = { ...result, host: { ...result.host, load: 7.25 } };
    expect(performanceDocument([{ name: 'busy', result: busy }], '')).toContain('7.25 cores busy');
    expect(performanceDocument([{ name: 'calm', result }], '')).not.toContain('cores busy');
    const text = performanceDocument([{ name: 'busy', result: { ...grown, host: busy.host } }], '');
    expect(text).toContain('* **Waves**: rates not judged, the machine was busy. Memory: 1.00 to 14.0 MiB');
    expect(text).not.toContain('take 14.0 times as long');
  });

  it('says that a run was cut off', () => {
    const sentence = '**The run was cut off**: rows are missing.';
    expect(performanceDocument([{ name: 'cut', result: { ...result, cut: true } }], '')).toContain(sentence);
    expect(performanceDocument([{ name: 'whole', result }], '')).not.toContain(sentence);
  });

  it('says nothing is missing where nothing is', () => {
    const all = { ...grown, software: false, peaks: { ...result.peaks, matrixGmacs: 900 } };
    const text = performanceDocument([{ name: 'a GPU', result: all }], '');
    expect(text).not.toContain('Not measured');
    expect(text).toContain('| matrix units, 8-bit | 900 GMAC/s |');
  });

  it('shows growth: figures of this result, a sentence an axis with its numbers, a line a point', () => {
    const text = performanceDocument([{ name: 'llvmpipe-256', result: grown }], '');
    expect(text).toContain('](performance/llvmpipe-256-growth.svg)');
    expect(text).toContain('](performance/llvmpipe-256-memory.svg)');
    expect(text).toContain('| depth | 14 | 71.4 | 143 | 14.0 | 50 % | 3 % |');
    expect(text).toContain('**Waves**: 14 take 14.0 times as long as 1.');
    expect(text).toContain('**Width**: 14.0 times the multiply-adds take 14.0 times as long (50 % of the bound at 1, 50 % at 14).');
    expect(text).toContain('bytes are multiplied one by one. This does not explain as much as was measured.');
    expect(text.match(/^\* \*\*/gm)?.length).toBe(AXES.length);
    expect(text).not.toContain('* growth with batch');
  });
});

describe('charts of growth', () => {
  const texts = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);

  it('name every value along an axis, as it is', async () => {
    const svg = await renderSvg(rateChart(grown));
    expect(texts(svg).filter((text) => text === '14').length).toBe(AXES.length);
    expect(texts(svg)).toContain('bound: dot4U8Packed peak');
  });

  it('call the bound by the unit that was used', async () => {
    const rows = grown.rows.map((one) => (one.suite === 'growth' ? { ...one, bound: 'fma' as const } : one));
    expect(texts(await renderSvg(rateChart({ ...grown, rows })))).toContain('bound: f32 multiply-add peak');
  });

  it('memory is one line a panel, without a legend', async () => {
    const svg = await renderSvg(memoryChart(grown));
    expect(svg.match(/<path aria-label="[^"]*" role="graphics-symbol" aria-roledescription="line mark"/g)?.length).toBe(
      AXES.length,
    );
    expect(texts(svg)).not.toContain('measured');
  });
});
