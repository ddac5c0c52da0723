import { colorBy, frame } from './frame.ts';
import type { Chart } from './render.ts';

/** One way to convert at one time. Shares are 0…1. */
export interface SweepPoint {
  /** Panel that it is drawn in, and the line that it is on. */
  readonly panel: string;
  readonly series: string;
  /** Steps from the image's onset. */
  readonly t: number;
  readonly top1: number;
  /** Half of the length of its error bar. */
  readonly error: number;
}

/** Accuracy over time of many ways to convert. */
export interface SweepPicture {
  readonly title: string;
  readonly subtitle: string;
  /** Accuracy of the trained network. */
  readonly annTop1: number;
  readonly points: readonly SweepPoint[];
}

const WIDTH = 340;
const HEIGHT = 220;
const COLUMNS = 2;

/** A panel for each way to choose scales, on common axes: accuracy over T, a line with error bars for each K, the trained network's dashed. */
export function sweepChart({ title, subtitle, annTop1, points }: SweepPicture): Chart {
  const series = [...new Set(points.map((point) => point.series))];
  const panels = [...new Set(points.map(({ panel }) => panel))];
  const bars = points.map((point) => ({ ...point, low: point.top1 - point.error, high: point.top1 + point.error }));
  const low = Math.min(annTop1, ...bars.map((bar) => bar.low));
  const high = Math.max(annTop1, ...bars.map((bar) => bar.high));
  const x = { field: 't', type: 'quantitative', title: 'time steps', scale: { zero: false }, axis: { grid: false } };
  const y = {
    field: 'top1',
    type: 'quantitative',
    title: 'top-1 accuracy',
    scale: { domain: [low, high], zero: false },
    axis: { format: '.1%' },
  };
  const color = colorBy('series', series);
  const ann = { data: { values: [{ annTop1 }] }, encoding: { y: { ...y, field: 'annTop1' } } };
  const label = { value: `ANN ${(100 * annTop1).toFixed(1)} %` };
  const panel = (name: string) => ({
    title: { text: name, anchor: 'start', fontSize: 11, fontWeight: 'normal' },
    width: WIDTH,
    height: HEIGHT,
    data: { values: bars.filter((bar) => bar.panel === name) },
    layer: [
      { mark: { type: 'rule', strokeWidth: 1.2 }, encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' }, color } },
      { mark: { type: 'line', point: { size: 28 }, strokeWidth: 1.8 }, encoding: { x, y, color } },
      { ...ann, mark: { type: 'rule', strokeDash: [5, 4], color: '#555' } },
      {
        ...ann,
        mark: { type: 'text', align: 'right', baseline: 'bottom', dx: -4, dy: -2, color: '#555' },
        encoding: { ...ann.encoding, x: { value: WIDTH }, text: label },
      },
    ],
  });
  return {
    ...frame({ title, subtitle }),
    columns: COLUMNS,
    concat: panels.map(panel),
    resolve: { scale: { x: 'shared', y: 'shared' } },
  } as unknown as Chart;
}
