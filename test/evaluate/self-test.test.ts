import { afterAll, expect, it } from 'vitest';
import { firstDifference, selfTest } from '../../src/evaluate/self-test.ts';
import { simulate } from '../../src/reference/simulate.ts';
import type { RunResult } from '../../src/run/session.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { randomNetwork, randomPixels } from '../helpers/random-network.ts';

afterAll(() => device?.dispose());

it('firstDifference finds one wrong potential, and one spike too many', () => {
  const network = randomNetwork({ seed: 3, layers: 3, channels: 5, size: 5, phaseBits: 2, waves: 1, initial: 'half' });
  const right = simulate(network, randomPixels(network.input.shape, 1, 1), 1);
  const classes = right.potentials[0].length;
  const run: RunResult = {
    images: 1,
    logits: new Float32Array(classes),
    steps: right.potentials.map((_, i) => i + 1),
    potentials: Float64Array.from(right.potentials.flatMap((step) => [...step])),
    units: new Float64Array(classes).fill(1),
    spikes: right.spikes,
    timing: { seconds: 1, firstBatchSeconds: 1, gpuBusySeconds: null },
  };
  expect(firstDifference(network, run, [right])).toBeNull();
  const potentials = run.potentials.slice();
  potentials[classes]++;
  expect(firstDifference(network, { ...run, potentials }, [right])).toMatch(/^step 2, image 0, class 0: potential/);
  const spikes = right.spikes.with(0, right.spikes[0] + 1);
  expect(firstDifference(network, { ...run, spikes }, [right])).toMatch(/^layer ".*": \d+ spikes, must be \d+$/);
});

describeOnDevice('selfTest', () => {
  it('finds no difference on this device, and the network spikes', async () => {
    const test = await selfTest(device!);
    expect(test.variants.map(({ difference }) => difference)).toEqual(test.variants.map(() => null));
    const arithmetics = [...(device!.packedDot ? ['packed'] : []), 'halves', 'f32'];
    expect(test.variants.map(({ arithmetic }) => arithmetic)).toEqual(arithmetics);
  });
});
