import { describe, expect, it } from 'vitest';
import { AXES, BASE, networkAt } from '../../bench/growth.ts';
import type { Axis } from '../../bench/result.ts';
import { phaseBitsOf, type SpikingNetwork } from '../../src/network/network.ts';
import { layerMacs } from '../../src/network/work.ts';

const macs = ({ layers }: SpikingNetwork): number =>
  layers.reduce((sum, layer) => sum + (layer.kind === 'pool' ? 0 : layerMacs(layer)), 0);

describe('axes of growth', () => {
  it.each(Object.keys(AXES) as Axis[])('%s goes up, through the base', (axis) => {
    expect(AXES[axis]).toContain(BASE[axis]);
    expect([...AXES[axis]].sort((a, b) => a - b)).toEqual(AXES[axis]);
  });

  it('resolution: multiply-adds grow with the area, but for the readout', () => {
    const readout = 64 * 10;
    expect(macs(networkAt({ ...BASE, resolution: 16 })) - readout).toBe((macs(networkAt(BASE)) - readout) / 4);
  });

  it('depth: two layers more a stage, of 2.36 million multiply-adds each', () => {
    const layer = 16 * 16 * 9 * 32 * 32;
    expect(macs(networkAt({ ...BASE, depth: 14 })) - macs(networkAt({ ...BASE, depth: 8 }))).toBe(6 * layer);
  });

  it('K is the network’s own', () => {
    expect(phaseBitsOf(networkAt({ ...BASE, depth: 8, K: 7 }))).toBe(7);
  });
});
