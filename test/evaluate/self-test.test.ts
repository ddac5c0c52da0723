import { afterAll, expect, it } from 'vitest';
import { firstDifference, selfTest } from '../../src/evaluate/self-test.ts';
import type { Device } from '../../src/gpu/device.ts';
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

describeOnDevice('selfTest', () => {
  /** The forms of each way, where no difference was found in any. */
  const formsOn = async (on: Device): Promise<Record<string, readonly string[]>> => {
    const { variants } = await selfTest(on);
    expect(variants.map(({ name, difference }) => [name, difference])).toEqual(variants.map(({ name }) => [name, null]));
    return Object.fromEntries(variants.map(({ name, ran }) => [name, ran]));
  };
  const matrix = device?.matrix ? { matrix: expect.arrayContaining(['matrix']) } : {};

  it.skipIf(!device?.description.software)('finds no difference on this device in any form', async () => {
    const packed = device!.packedDot ? { packed: ['registers packed', 'deep packed'] } : {};
    expect(await formsOn(device!)).toEqual({
      default: ['registers integers', 'registers halves', 'deep halves'],
      ...packed,
      f32: ['registers f32', 'deep f32'],
      tiled: ['tiled integers'],
      ...matrix,
    });
  });

  it('nor in the forms of hardware', async () => {
    const forms = await formsOn(hardware!);
    const own = defaultArithmetic(hardware!.capabilities);
    expect(forms).toMatchObject({ halves: expect.arrayContaining(['deep halves']), tiled: [`tiled ${own}`], ...matrix });
    expect(forms.default).toEqual([`registers ${own}`, hardware!.matrix ? 'matrix' : `deep ${own}`]);
  });
});
