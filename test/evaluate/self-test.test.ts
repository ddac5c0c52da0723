import { afterAll, expect, it } from 'vitest';
import { firstDifference, selfTest } from '../../src/evaluate/self-test.ts';
import { defaultArithmetic } from '../../src/plan/choices.ts';
import { simulate } from '../../src/reference/simulate.ts';
import type { RunResult } from '../../src/run/session.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { hardware } from '../helpers/hardware.ts';
import { randomNetwork, randomPixels } from '../helpers/random-network.ts';

afterAll(() => {
  device?.dispose();
  hardware?.dispose();
});

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

// what the device itself takes: `bsnn doctor` in its own test
describeOnDevice('selfTest', () => {
  it('finds no difference in the default and other forms of hardware, and says which ran', async () => {
    const { variants } = await selfTest(hardware!);
    expect(variants.map(({ name, difference }) => [name, difference])).toEqual(variants.map(({ name }) => [name, null]));
    const own = defaultArithmetic(hardware!.capabilities);
    const forms = Object.fromEntries(variants.map(({ name, ran }) => [name, ran]));
    expect(forms).toMatchObject({
      halves: ['registers integers', 'deep halves', 'registers halves'],
      tiled: [`tiled ${own}`, 'depthwise'],
    });
    expect(forms.default).toEqual(
      hardware!.matrix ? [`registers ${own}`, 'matrix', 'depthwise'] : [`registers ${own}`, `deep ${own}`, 'depthwise'],
    );
  });
});
