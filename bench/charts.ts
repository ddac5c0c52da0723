import type { Chart } from '../src/plot/render.ts';
import type { Axis, BenchResult, Row } from './result.ts';

/** A row of the suite `growth`. */
export type GrowthRow = Row &
  Required<Pick<Row, 'axis' | 'at' | 'bytes' | 'boundImagesPerSecond'>> & { readonly imagesPerSecond: number };

/** What the axis is called, and whether its values are spaced by factors. */
const AXIS_TITLES: Readonly<Record<Axis, { readonly title: string; readonly logarithmic: boolean }>> = {
  batch: { title: 'images at once', logarithmic: true },
  waves: { title: 'waves', logarithmic: false },
  K: { title: 'K (phase bits)', logarithmic: false },
  width: { title: 'width (× 16 to 64 channels)', logarithmic: true },
  depth: { title: 'depth (layers)', logarithmic: false },
  resolution: { title: 'resolution (pixels a side)', logarithmic: true },
};

const PANEL = { width: 190, height: 140 } as const;
const COLUMNS = 3;
const MEASURED = '#1f6fb4';
const BOUND = '#c8553d';

/** The rows of the suite `growth`, axis by axis; none for axes that were not measured. */
export function growthRows({ rows }: BenchResult): ReadonlyMap<Axis, readonly GrowthRow[]> {
  const byAxis = new Map<Axis, GrowthRow[]>();
  for (const row of rows) {
    if (row.axis === undefined) continue;
    byAxis.set(row.axis, [...(byAxis.get(row.axis) ?? []), row as GrowthRow]);
  }
  return byAxis;
}

/** Images a second against each axis, with the bound: small multiples on a logarithmic scale. */
export const rateChart = (result: BenchResult): Chart =>
  panels(result, 'images / s', (row) => [
    { series: 'measured', y: row.imagesPerSecond },
    { series: `bound: ${row.bound === 'dot4' ? 'dot4U8Packed' : 'f32 multiply-add'} peak`, y: row.boundImagesPerSecond },
  ]);

/** GPU memory of a session against each axis. */
export const memoryChart = (result: BenchResult): Chart =>
  panels(result, 'GPU memory, MiB', (row) => [{ series: 'measured', y: row.bytes / 2 ** 20 }]);

interface Point {
  readonly series: string;
  readonly y: number;
}

/** One panel an axis; the first series drawn through, others dashed. The legend is left out where there is one series. */
function panels(result: BenchResult, title: string, points: (row: GrowthRow) => readonly Point[]): Chart {
  const axes = [...growthRows(result)];
  const names = [...new Set(axes.flatMap(([, rows]) => rows.flatMap((row) => points(row).map(({ series }) => series))))];
  const legend = names.length > 1 ? { title: null, orient: 'top' as const, labelLimit: 0, symbolType: 'stroke' as const } : null;
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    columns: COLUMNS,
    spacing: 18,
    config: { font: 'DejaVu Sans, Helvetica, Arial, sans-serif', view: { stroke: '#ddd' }, axis: { gridColor: '#eee' } },
    concat: axes.map(([axis, rows]) => ({
      ...PANEL,
      data: { values: rows.flatMap((row) => points(row).map((point) => ({ x: row.at, ...point }))) },
      mark: { type: 'line' as const, point: { size: 28 }, strokeWidth: 1.5 },
      encoding: {
        x: xAxis(axis, rows),
        y: {
          field: 'y',
          type: 'quantitative' as const,
          scale: { type: 'log' as const, nice: false, domain: widened(rows.flatMap((row) => points(row).map(({ y }) => y))) },
          axis: { title, tickCount: 4, format: '~s' },
        },
        color: { field: 'series', type: 'nominal' as const, scale: { domain: names, range: [MEASURED, BOUND] }, legend },
        strokeDash: {
          field: 'series',
          type: 'nominal' as const,
          scale: {
            domain: names,
            range: [
              [1, 0],
              [4, 3],
            ],
          },
          legend,
        },
      },
    })),
  };
}

/** The least span of a y axis, as a factor: what hardly changes is to look so. */
const LEAST_SPAN = 8;

/** Room for all values on a logarithmic axis. */
function widened(values: readonly number[]): [number, number] {
  const [low, high] = [Math.min(...values) / 1.15, Math.max(...values) * 1.15];
  const more = Math.max(1, Math.sqrt(LEAST_SPAN / (high / low)));
  return [low / more, high * more];
}

function xAxis(axis: Axis, rows: readonly GrowthRow[]) {
  const { title, logarithmic } = AXIS_TITLES[axis];
  const scale = logarithmic ? { type: 'log' as const, base: 2, nice: false, padding: 8 } : { zero: false, nice: false, padding: 8 };
  const values = rows.map((row) => row.at);
  const ticks = { values, grid: false, labelExpr: "'' + datum.value", labelOverlap: false, labelFlush: false };
  return { field: 'x', type: 'quantitative' as const, scale, axis: { title, ...ticks } };
}
