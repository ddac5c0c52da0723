import { describe, expect, it } from 'vitest';
import type { LayerTrace } from '../../src/evaluate/trace.ts';
import { rasterPicture } from '../../src/report/raster.ts';
import { inputFigures } from '../helpers/input-figures.ts';

describe('rasterPicture', () => {
  // eight neurons; the last four inactive, one of these spikes
  const activations = Float32Array.of(0.1, 0.9, 0.5, 0.3, 0, 0, 0, 0);
  const spikes = new Uint8Array(6 * 8);
  spikes[4 * 8 + 1] = 1;
  spikes[5 * 8 + 6] = 1;
  const found: LayerTrace = {
    model: 'net',
    dataset: 'data',
    layer: 'first',
    neuron: 'bistable',
    image: 3,
    className: 'cat',
    phaseBits: 2,
    ...inputFigures(),
    shape: { channels: 2, height: 2, width: 2 },
    timesteps: 6,
    windows: [
      { start: 2, end: 4, state: 'integrating' },
      { start: 4, end: 6, state: 'firing' },
    ],
    spikes,
    membranes: Float32Array.from({ length: 48 }, (_, i) => i),
    activations,
  };

  it('orders neurons by activation, begins with the first window, and draws a neuron with SIN', () => {
    const { rows, traces, from, to } = rasterPicture(found, 60);
    expect(rows.map(({ activation }) => activation)).toEqual([...activations].sort((a, b) => b - a));
    expect([from, to]).toEqual([2, 6]);
    expect(traces.at(-1)).toEqual({
      label: 'channel 1, y 1, x 0: no activation',
      activation: 0,
      spikes: [0, 0, 0, 1],
      membrane: [22, 30, 38, 46],
    });
    expect(traces).toHaveLength(4);
  });

  it('shows as large a part of active neurons as the layer has', () => {
    const { rows } = rasterPicture(found, 4);
    expect(rows.map(({ activation }) => activation > 0)).toEqual([true, true, false, false]);
  });
});
