import { describe, expect, it } from 'vitest';
import { type DotInfo, hasFastDot } from '../../src/gpu/dot-products.ts';

const of = (vendor: string, architecture: string, device = '', description = ''): DotInfo => ({
  vendor,
  architecture,
  device,
  description,
});

describe('dot products in hardware', () => {
  it.each([
    of('nvidia', 'pascal', 'nvidia-geforce-gtx-1080', 'NVIDIA: 535.54.03'),
    of('nvidia', 'lovelace'),
    of('nvidia', '', 'nvidia-h100-80gb-hbm3'),
    of('amd', 'gcn-5', 'amd-radeon-vii-radv-vega20-', 'radv: Mesa 25.0.7'),
    of('amd', 'rdna-1', 'amd-radeon-rx-5500-xt-radv-navi14-', 'radv: Mesa 25.0.7'),
    of('amd', 'rdna-2'),
    of('amd', 'cdna-1'),
    of('intel', 'gen-12-lp'),
    of('intel', 'xe-2hpg'),
    of('arm', 'bifrost', 'mali-g76'),
    of('arm', 'valhall', 'mali-g710'),
    of('qualcomm', 'adreno-6xx', 'adreno--tm--690'),
    of('qualcomm', 'adreno-7xx'),
    of('samsung', 'rdna-2'),
  ])('$vendor $architecture $device has them', (info) => expect(hasFastDot(info)).toBe(true));

  it.each([
    of('apple', 'common-3'),
    of('apple', 'metal-3', 'apple-m2', 'Metal driver on macOS Version 14.5 (Build 23F79)'),
    of('Apple', ''),
    of('amd', 'rdna-2', 'amd-radeon-pro-w6800x', 'Metal driver on macOS Version 14.5 (Build 23F79)'),
    of('nvidia', 'maxwell'),
    of('nvidia', 'pascal', 'tesla-p100-pcie-16gb'),
    of('amd', 'gcn-5', 'amd-radeon-graphics-radv-renoir-'),
    of('amd', 'rdna-1', 'amd-radeon-rx-5700-xt-radv-navi10-'),
    of('intel', 'gen-9'),
    of('intel', 'gen-11', 'intel-r--iris-r--plus-graphics'),
    of('arm', 'bifrost', 'mali-g72'),
    of('qualcomm', 'adreno-5xx'),
    of('qualcomm', 'adreno-6xx', 'adreno--tm--640'),
  ])('$vendor $architecture $device has none', (info) => expect(hasFastDot(info)).toBe(false));

  it('an adapter that no row names, or that names nothing, is taken to have them', () => {
    expect(hasFastDot(of('someone', 'first-1'))).toBe(true);
    expect(hasFastDot(of('', ''))).toBe(true);
  });
});
