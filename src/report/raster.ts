import type { LayerTrace } from '../evaluate/trace.ts';
import type { NeuronTrace, RasterPicture } from '../plot/raster.ts';
import { phaseText, whole } from './text.ts';

/** Traces that are drawn with their membranes. */
const TRACES = 4;

/**
 * The picture: neurons evenly spread over the layer, ordered by activation (a SIN neuron has none), so that as many of them are
 * active as in the layer; and membranes of three active neurons and, where there is one, a SIN neuron.
 */
export function rasterPicture(found: LayerTrace, rows: number): RasterPicture {
  const { activations, spikes, timesteps, windows, shape } = found;
  const size = activations.length;
  const from = windows.length === 0 ? 0 : windows[0].start;
  const spiked = Array.from({ length: size }, (_, i) => {
    for (let step = 0; step < timesteps; step++) if (spikes[step * size + i] !== 0) return true;
    return false;
  });
  const order = Array.from({ length: size }, (_, i) => i).sort((a, b) => activations[b] - activations[a] || a - b);
  const shown = spread(order, rows);
  const active = order.filter((i) => activations[i] > 0);
  const inactive = order.filter((i) => activations[i] === 0);
  const sin = inactive.filter((i) => spiked[i]);
  const last = sin.length > 0 ? sin : inactive;
  const traced = [...spread(active, TRACES - 1), ...last.slice(Math.floor(last.length / 2)).slice(0, 1)];
  const of = (i: number): NeuronTrace => neuronTrace(found, i, from);
  return {
    title: `${found.model}, layer ${found.layer}`,
    subtitle: [
      `${found.neuron} neurons, K = ${phaseText(found.phaseBits)}; ${found.dataset}, image ${found.image} (${found.className})`,
      `${whole(shown.length)} of ${whole(size)} neurons (${shape.channels} channels of ${shape.height} × ${shape.width}); dashed: activation of the trained network`,
    ],
    from,
    to: timesteps,
    windows,
    rows: shown.map(of),
    traces: traced.map(of),
  };
}

/** `count` items of a list, evenly spread. */
const spread = <T>(items: readonly T[], count: number): T[] =>
  items.length <= count
    ? [...items]
    : Array.from({ length: count }, (_, i) => items[Math.floor(((i + 0.5) * items.length) / count)]);

function neuronTrace({ activations, spikes, membranes, timesteps, shape }: LayerTrace, i: number, from: number): NeuronTrace {
  const size = activations.length;
  const area = shape.height * shape.width;
  const place = `channel ${Math.floor(i / area)}, y ${Math.floor((i % area) / shape.width)}, x ${i % shape.width}`;
  const column = (values: ArrayLike<number>) => Array.from({ length: timesteps - from }, (_, t) => values[(from + t) * size + i]);
  const activation = activations[i] > 0 ? `activation ${activations[i].toFixed(3)} λ` : 'no activation';
  return {
    label: `${place}: ${activation}`,
    activation: activations[i],
    spikes: column(spikes),
    membrane: column(membranes),
  };
}
