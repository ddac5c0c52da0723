import type { BenchResult, Row } from './result.ts';

/** A number with three digits that count. */
export const digits = (x: number): string => (x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toFixed(x >= 0.1 ? 2 : 3));

/** The rate that a row is about, with its unit. */
export function rate({ gmacs, gbps, imagesPerSecond, imageStepsPerSecond }: Row): string {
  if (imageStepsPerSecond !== undefined) return `${digits(imageStepsPerSecond)} im·steps/s`;
  if (imagesPerSecond !== null) return `${digits(imagesPerSecond)} images/s`;
  if (gmacs !== null) return `${digits(gmacs)} GMAC/s`;
  return gbps === null ? '' : `${digits(gbps)} GB/s`;
}

const HEAD = ['name', 'variant', 'rate', 'share', 'GPU ms', 'wall ms', '±'] as const;
const WIDTHS = [31, 21, 14, 10, 7, 7, 4] as const;

/** Lines of at most 100 columns: one a row, rates with units, share of which bound, GPU and wall time apart. */
export function tableLines(result: BenchResult): string[] {
  const { device, software, rows, timestamps } = result;
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (i < 2 ? cell.slice(0, WIDTHS[i]).padEnd(WIDTHS[i]) : cell.padStart(WIDTHS[i])))
      .join(' ')
      .slice(0, 100)
      .trimEnd();
  const title = `${device.adapter}, ${device.driver}${software ? ' (SOFTWARE: computes on the CPU)' : ''}`;
  const times = timestamps
    ? 'rates by GPU timestamps where GPU ms is given, else by wall time'
    : 'no timestamps: rates by wall time';
  const cells = (row: Row) => [
    row.name,
    row.variant,
    rate(row),
    row.share === null ? '' : `${Math.round(100 * row.share)} % ${row.bound}`,
    row.gpuMs === null ? '' : digits(row.gpuMs),
    digits(row.wallMs),
    `${Math.round(100 * row.spread)}%`,
  ];
  return [title.slice(0, 100), times, '', line(HEAD), ...rows.map((row) => line(cells(row)))];
}
