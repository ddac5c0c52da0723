import { Buffers } from '../src/gpu/buffers.ts';
import type { Device } from '../src/gpu/device.ts';
import { isAccumulate } from '../src/kernels/kernel.ts';
import type { SpikingNetwork, SpikingNeurons } from '../src/network/network.ts';
import { readWords } from '../src/observe/words.ts';
import { BATCH, checkedSession, macRow, variantsOf, WAVES } from './kernels.ts';
import { layerName, layerNetwork } from './layers.ts';
import type { Stopwatch } from './measure.ts';
import type { PeakSuite } from './peak.ts';
import type { AddRow } from './result.ts';
import { benchKernel, readBack } from './shaders.ts';

/** The 3×3 layer that the ladder climbs. */
const STEP = { inputs: 32, outputs: 32, size: 16, kernel: 3, stride: 1, inResnet20: 0 } as const;

/** One layer three ways: a dispatch of nothing, one output an invocation, and the kernel that the library runs. */
export async function measureLadder(device: Device, stopwatch: Stopwatch, peak: PeakSuite, add: AddRow): Promise<void> {
  const { network, layer } = layerNetwork(STEP);
  const session = await checkedSession(device, network, layer, {});
  const buffers = new Buffers(device);
  const name = layerName(STEP);
  const waveMacs = STEP.inputs * STEP.outputs * 9 * STEP.size ** 2 * BATCH;
  try {
    const mark = buffers.create('mark', 'storage', 16);
    const noOp = await stopwatch.measure({ kernels: [await benchKernel(device, 'no_op', {}, [mark], 64)], repeat: 1 });
    add({ ...macRow('ladder', name, 'no-op', 0, noOp, peak), gmacs: null, share: null, bound: null });

    const invocations = STEP.outputs * STEP.size ** 2 * BATCH;
    const sums = buffers.create('sums', 'storage', invocations * 4);
    const neurons = network.layers[layer] as SpikingNeurons;
    const { operator } = neurons.terms[0];
    const weights = buffers.create('weights', 'storage', operator.weights.length * 4, Float32Array.from(operator.weights));
    const source = session.plan.regions.regions[layer]?.first ?? 0;
    const struct = Uint32Array.of(STEP.inputs, STEP.outputs, STEP.size, BATCH, source, 0, 0, 0);
    const parameters = buffers.create('naive', 'uniform', 32, struct);
    const naive = await benchKernel(device, 'naive', {}, [sums, session.engine.data.words, weights, parameters], invocations);
    const measured = await stopwatch.measure(await stopwatch.scale([naive]), { beside: peak.fma });
    const words = (await readWords(session, layer - 1, BATCH)).subarray(0, STEP.inputs * STEP.size ** 2);
    checkNaive(network, layer, words, new Int32Array((await readBack(device, sums, invocations)).buffer));
    add(macRow('ladder', name, 'naive, one wave', waveMacs, measured, peak));
  } finally {
    buffers.dispose();
    session.dispose();
  }
  for (const variant of variantsOf(device)) {
    const fast = await checkedSession(device, network, layer, variant.options);
    try {
      const { dispatches } = fast.plan;
      const kernels = fast.engine.kernels.filter((_, i) => isAccumulate(dispatches[i].kernel) && dispatches[i].layer === layer);
      const measured = await stopwatch.measure(await stopwatch.scale(kernels), { beside: peak.fma });
      add(macRow('ladder', name, `fast, ${variant.name}`, waveMacs * WAVES, measured, peak));
    } finally {
      fast.dispose();
    }
  }
}

/** The sums of image 0 at some places, against the same sums in JavaScript. */
function checkNaive(network: SpikingNetwork, layer: number, words: Int32Array, sums: Int32Array): void {
  const { operator } = (network.layers[layer] as SpikingNeurons).terms[0];
  const { inputs, outputs, size } = STEP;
  for (let place = 0; place < outputs * size * size; place += 97) {
    const [o, y, x] = [Math.floor(place / size / size), Math.floor(place / size) % size, place % size];
    let sum = 0;
    for (let c = 0; c < inputs; c++) {
      for (let k = 0; k < 9; k++) {
        const [iy, ix] = [y + Math.floor(k / 3) - 1, x + (k % 3) - 1];
        if (iy < 0 || iy >= size || ix < 0 || ix >= size) continue;
        sum += words[(c * size + iy) * size + ix] * operator.weights[(o * inputs + c) * 9 + k];
      }
    }
    if (sums[place * BATCH] !== sum) throw new Error(`naive: sum ${place} is ${sums[place * BATCH]}, not ${sum}`);
  }
}
