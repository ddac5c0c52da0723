import type { Chart } from './render.ts';

/** One neuron over time. Values are in units of λ, the activation that a full word stands for. */
export interface NeuronTrace {
  readonly label: string;
  /** What the trained network says; 0: the neuron should be silent. */
  readonly activation: number;
  /** Spikes in each step. */
  readonly spikes: ArrayLike<number>;
  /** Membrane after each step. */
  readonly membrane: ArrayLike<number>;
}

/** A layer over time: who spiked when, and a few membranes. Steps are counted from the image's onset. */
export interface RasterPicture {
  readonly title: string;
  /** Lines. */
  readonly subtitle: readonly string[];
  /** The first step shown, and the one behind the last. Arrays of neurons begin with `from`. */
  readonly from: number;
  readonly to: number;
  /** Windows of a bistable layer that lie in between; none for other neurons. */
  readonly windows: readonly { readonly start: number; readonly end: number; readonly state: 'integrating' | 'firing' }[];
  /** Rows of the raster, top to bottom. */
  readonly rows: readonly NeuronTrace[];
  /** Neurons whose membranes are drawn. */
  readonly traces: readonly NeuronTrace[];
}

const WIDTH = 640;
const ROW_HEIGHT = 7;
const TRACE_HEIGHT = 64;
const COLORS = { active: '#1f4e79', sin: '#d62728', membrane: '#444', activation: '#2a9d4a' };
const STATES = { domain: ['integrating', 'firing'], range: ['#dce9f5', '#fbe7c6'] };
const SPIKES = { domain: ['spike', 'spike of an inactivated neuron'], range: [COLORS.active, COLORS.sin] };

type Layer = Record<string, unknown>;

/** The raster of a layer's spikes above the membranes of a few of its neurons, the layer's windows shaded. */
export function rasterChart(picture: RasterPicture): Chart {
  const { title, subtitle, from, to, rows, traces } = picture;
  const x = { type: 'quantitative', scale: { domain: [from, to], nice: false, zero: false } };
  const bottom = { ...x, field: 'start', title: 'time step', axis: { tickMinStep: 1, grid: false } };
  const bare = { ...x, field: 'start', title: null, axis: { labels: false, ticks: false, grid: false } };
  const panels = [
    { width: WIDTH, height: rows.length * ROW_HEIGHT, layer: raster(picture, bare) },
    ...traces.map((trace, i) => ({
      width: WIDTH,
      height: TRACE_HEIGHT,
      title: { text: trace.label, anchor: 'start', fontSize: 10, fontWeight: 'normal', offset: 2 },
      layer: membrane(picture, trace, i === traces.length - 1 ? bottom : bare),
    })),
  ];
  return {
    title: { text: title, subtitle, anchor: 'start', fontSize: 13, subtitleFontSize: 11, subtitleColor: '#555' },
    background: 'white',
    padding: 8,
    spacing: 8,
    config: { view: { stroke: '#bbb' }, font: 'sans-serif', axis: { titleFontWeight: 'normal' } },
    vconcat: panels,
    resolve: { scale: { color: 'independent', fill: 'independent' } },
  } as unknown as Chart;
}

/** The windows of a bistable layer as bands behind everything else. */
function bands({ windows }: RasterPicture, x: Layer, legend: boolean): Layer[] {
  if (windows.length === 0) return [];
  const style = legend ? { title: 'window:', orient: 'top', titleOrient: 'left', symbolStrokeWidth: 0 } : null;
  return [
    {
      data: { values: windows },
      mark: { type: 'rect', opacity: 1 },
      encoding: { x, x2: { field: 'end' }, fill: { field: 'state', type: 'nominal', scale: STATES, legend: style } },
    },
  ];
}

function raster(picture: RasterPicture, x: Layer): Layer[] {
  const values = picture.rows.flatMap((row, r) =>
    Array.from(row.spikes).flatMap((count, i) => {
      if (count === 0) return [];
      const start = picture.from + i;
      return { row: r, below: r + 0.85, start, end: start + 0.9, kind: SPIKES.domain[row.activation > 0 ? 0 : 1] };
    }),
  );
  const y = { type: 'quantitative', scale: { domain: [0, picture.rows.length], reverse: true, nice: false } };
  const title = 'neurons, by activation';
  return [
    ...bands(picture, x, true),
    {
      data: { values },
      mark: { type: 'rect' },
      encoding: {
        x,
        x2: { field: 'end' },
        y: { ...y, field: 'row', title, axis: { labels: false, ticks: false, grid: false } },
        y2: { field: 'below' },
        color: { field: 'kind', type: 'nominal', scale: SPIKES, legend: { title: null, orient: 'top', labelLimit: 300 } },
      },
    },
  ];
}

function membrane(picture: RasterPicture, trace: NeuronTrace, x: Layer): Layer[] {
  const color = trace.activation > 0 ? COLORS.active : COLORS.sin;
  const after = Array.from(trace.membrane, (v, i) => ({ start: picture.from + i + 1, v }));
  const values = [{ ...after[0], start: picture.from }, ...after];
  const fired = after.filter((_, i) => trace.spikes[i] !== 0);
  const y = {
    field: 'v',
    type: 'quantitative',
    title: 'V / λ',
    axis: { tickCount: 3, grid: false, minExtent: 32 },
    scale: { zero: true },
  };
  return [
    ...bands(picture, x, false),
    {
      data: { values: [{ v: trace.activation }] },
      mark: { type: 'rule', color: COLORS.activation, strokeDash: [4, 3] },
      encoding: { y },
    },
    {
      data: { values },
      mark: { type: 'line', interpolate: 'step-before', color: COLORS.membrane, strokeWidth: 1.2 },
      encoding: { x, y },
    },
    {
      data: { values: fired.map(({ start }) => ({ start: start - 0.5 })) },
      mark: { type: 'tick', color, thickness: 2, size: 10, orient: 'vertical', yOffset: 0 },
      encoding: { x, y: { value: 5 } },
    },
  ];
}
