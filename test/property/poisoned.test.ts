import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { readBuffer } from '../../src/gpu/buffers.ts';
import type { Device } from '../../src/gpu/device.ts';
import { parseNeuron } from '../../src/neuron/neuron.ts';
import { AnnSession } from '../../src/run/ann-session.ts';
import { waysOfDevice } from '../helpers/choices.ts';
import { expectSameBits, firstDifference, simulateAll } from '../helpers/compare.ts';
import { expectSameSteps, simulateAllSteps } from '../helpers/compare-steps.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { openPoisoned } from '../helpers/poisoned.ts';
import { randomAnn, randomNetwork, randomPixels, recipes, recipesByDepth } from '../helpers/random-network.ts';
import { SOAK } from '../helpers/soak.ts';

const CASES = SOAK ? 100 : 2;

const own: Device | null = device && (await openPoisoned());
const card: Device | null = device && (await openPoisoned({ assume: 'hardware' }));
/** The trained network's padding is a cell that nobody writes: WebGPU zeroes buffers. */
const zeroed: Device | null = device && (await openPoisoned({ zeroed: true }));
afterAll(() => {
  zeroed?.dispose();
  own?.dispose();
  card?.dispose();
});

/** The device that stands for another where what nobody wrote is poison. */
const poisonedFor = (on: Device): Device => (on === device ? own : card) as Device;

const NEURONS = ['bistable', 'bistable-no-sn', 'if', 'burst:3', 'phase', 'multi:n'] as const;
const FORMS = ['dense', 'spikes'] as const;

describeOnDevice('no result depends on what a read of memory that nobody wrote, or beyond a binding, gives', () => {
  it('a kernel whose result does is told', async () => {
    const [plain, poisoned] = await Promise.all([beyond(device as Device), beyond(own as Device)]);
    expect([plain.slice(0, 3), poisoned.slice(0, 3)]).toEqual([
      [2, 3, 4],
      [2, 3, 4],
    ]);
    // behind the last entry, far behind it, and what was not written
    for (const i of [3, 4, 5]) expect(poisoned[i], `read ${i}`).not.toBe(plain[i]);
  });

  it('windowed: random networks, in every form', async () => {
    const ways = waysOfDevice();
    const cases = fc.tuple(
      fc.oneof(recipes, recipesByDepth),
      fc.integer({ min: 0, max: ways.length - 1 }),
      fc.integer({ min: 1, max: 9 }),
    );
    await fc.assert(
      fc.asyncProperty(cases, async ([recipe, w, images]) => {
        const network = randomNetwork(recipe);
        const pixels = randomPixels(network.input.shape, images, recipe.seed);
        const { on, ...choice } = ways[w];
        const { waves } = recipe;
        await expectSameBits(poisonedFor(on), network, pixels, simulateAll(network, pixels, waves), { waves, ...choice });
      }),
      { numRuns: CASES, seed: 7, endOnFailure: true },
    );
  });

  it('stepped: random networks, every neuron, in both forms', async () => {
    const ways = fc.record({ text: fc.constantFrom(...NEURONS), convolution: fc.constantFrom(...FORMS), broad: fc.boolean() });
    const cases = fc.tuple(recipes, ways, fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 5 }));
    await fc.assert(
      fc.asyncProperty(cases, async ([recipe, { text, convolution, broad }, timesteps, images]) => {
        const network = randomNetwork(recipe);
        const pixels = randomPixels(network.input.shape, images, recipe.seed);
        const neuron = parseNeuron(text.replace('-no-sn', '').replace(':n', `:${recipe.phaseBits}`));
        const options = { neuron, synchronous: text !== 'bistable-no-sn', timesteps };
        const reference = simulateAllSteps(network, pixels, options);
        await expectSameSteps((broad ? own : card) as Device, network, pixels, reference, { ...options, convolution });
      }),
      { numRuns: CASES, seed: 8, endOnFailure: true },
    );
  });

  it('trained: random networks', async () => {
    const cases = fc.tuple(recipes, fc.integer({ min: 1, max: 5 }));
    await fc.assert(
      fc.asyncProperty(cases, async ([recipe, images]) => {
        const ann = randomAnn(recipe);
        const pixels = randomPixels(ann.input, images, recipe.seed);
        const [plain, poisoned] = [await logitsOf(device as Device), await logitsOf(zeroed as Device)];
        expect(firstDifference(poisoned, plain)).toBeNull();

        async function logitsOf(on: Device): Promise<Float32Array> {
          const session = await AnnSession.create(on, ann, { mean: [0.45], std: [0.25], batch: images });
          try {
            return (await session.classify(pixels)).logits;
          } finally {
            session.dispose();
          }
        }
      }),
      { numRuns: CASES / 2, seed: 9, endOnFailure: true },
    );
  });
});

/** What a kernel gets that reads three of four numbers behind the first, one behind the last, one far behind it, and what nobody wrote. */
async function beyond(on: Device): Promise<number[]> {
  const { handle } = on;
  const code = `
    @group(0) @binding(0) var<storage, read> data: array<u32>;
    @group(0) @binding(1) var<storage, read_write> out: array<u32>;
    @group(0) @binding(2) var<storage, read> empty: array<u32>;
    @compute @workgroup_size(4)
    fn beyond(@builtin(local_invocation_index) i: u32) {
      out[i] = data[i + 1u];
      out[4] = data[0x30000000u - data[0]];
      out[5] = empty[data[0]];
    }`;
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
  const make = (size: number) => handle.createBuffer({ size, usage });
  const [data, out, empty] = [make(16), make(32), make(16)];
  handle.queue.writeBuffer(data, 0, Uint32Array.of(1, 2, 3, 4));
  const pipeline = await handle.createComputePipelineAsync({
    layout: 'auto',
    compute: { module: handle.createShaderModule({ code }) },
  });
  const entries = [data, out, empty].map((buffer, binding) => ({ binding, resource: { buffer } }));
  const encoder = handle.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, handle.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(1);
  pass.end();
  handle.queue.submit([encoder.finish()]);
  const values = [...new Uint32Array(await readBuffer(on, out, 0, 24))];
  for (const buffer of [data, out, empty]) buffer.destroy();
  return values;
}
