import { colorBy, frame } from './frame.ts';
import type { Chart } from './render.ts';

/** One neuron at one time. Shares are 0…1. */
export interface ComparedPoint {
  readonly neuron: string;
  /** Steps from the image's onset. */
  readonly t: number;
  /** Null before the readout has an output. */
  readonly top1: number | null;
  /** SIN ratio over all neurons of the network. */
  readonly sin: number;
}

/** Accuracy and SIN of several neurons over time. */
export interface ComparisonPicture {
  readonly title: string;
  readonly subtitle: string;
  /** Accuracy of the trained network. */
  readonly annTop1: number;
  readonly points: readonly ComparedPoint[];
}

const WIDTH = 380;
const HEIGHT = 260;
type Layer = Record<string, unknown>;

/** Two panels side by side: accuracy over time with the trained network's as a line, and the SIN ratio over time. */
export function comparisonChart({ title, subtitle, annTop1, points }: ComparisonPicture): Chart {
  const names = [...new Set(points.map(({ neuron }) => neuron))];
  const times = [...new Set(points.map(({ t }) => t))].sort((a, b) => a - b);
  const x = {
    field: 't',
    type: 'quantitative',
    title: 'time steps',
    scale: { type: 'log', base: 2, domain: [times[0], times[times.length - 1]] },
    axis: { values: times, grid: false, labelOverlap: 'greedy', labelFlush: false },
  };
  const color = colorBy('neuron', names);
  const lines = (field: 'top1' | 'sin', of: string, scale: Layer): Layer => ({
    data: { values: points.filter((point) => point[field] !== null) },
    mark: { type: 'line', point: { size: 28 }, strokeWidth: 1.8 },
    encoding: { x, color, y: { field, type: 'quantitative', title: of, axis: { format: '.0%' }, scale } },
  });
  const ann: Layer[] = [
    {
      data: { values: [{ annTop1 }] },
      mark: { type: 'rule', strokeDash: [5, 4], color: '#555' },
      encoding: { y: { field: 'annTop1', type: 'quantitative' } },
    },
    {
      data: { values: [{ annTop1, label: `ANN ${(100 * annTop1).toFixed(1)} %` }] },
      mark: { type: 'text', align: 'left', baseline: 'top', dx: 4, dy: 4, color: '#555' },
      encoding: { y: { field: 'annTop1', type: 'quantitative' }, x: { value: 0 }, text: { field: 'label' } },
    },
  ];
  return {
    ...frame({ title, subtitle }),
    hconcat: [
      { width: WIDTH, height: HEIGHT, layer: [lines('top1', 'top-1 accuracy', { zero: true }), ...ann] },
      { width: WIDTH, height: HEIGHT, layer: [lines('sin', 'SIN ratio, all neurons', { zero: true })] },
    ],
  } as unknown as Chart;
}
