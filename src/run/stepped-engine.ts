import { Buffers } from '../gpu/buffers.ts';
import type { Device } from '../gpu/device.ts';
import type { StructLayout } from '../gpu/shader.ts';
import { convolve } from '../kernels/convolve.ts';
import { convolveSpikes } from '../kernels/convolve-spikes.ts';
import { encode, encodeParameters } from '../kernels/encode.ts';
import { flip } from '../kernels/flip.ts';
import { fused } from '../kernels/fused.ts';
import { inject } from '../kernels/inject.ts';
import { integrate } from '../kernels/integrate.ts';
import { type BoundKernel, packParameters } from '../kernels/kernel.ts';
import { poolSpikes, poolSpikesParameters } from '../kernels/pool-spikes.ts';
import { readoutSteps } from '../kernels/readout-steps.ts';
import { start } from '../kernels/start.ts';
import { chunkParameters, spikeLayerParameters } from '../kernels/steps.ts';
import { delayLineParameters, synchronize } from '../kernels/synchronize.ts';
import type { SpikingNetwork } from '../network/network.ts';
import type { NeuronModel } from '../neuron/model.ts';
import { bindingRange } from '../plan/tables.ts';
import type { SteppedDispatch } from '../plan/trains/dispatches.ts';
import type { SteppedBuffer, SteppedPlan } from '../plan/trains/plan.ts';

/** The stepped engine's GPU side: a plan with its buffers and bound kernels. */
export interface SteppedEngine {
  readonly buffers: Buffers;
  /** Of the plan, by name. */
  readonly data: { readonly [buffer in SteppedBuffer]: GPUBuffer };
  /** Spikes of each layer in this batch. */
  readonly counters: GPUBuffer;
  /** The chunk that is computed now; the host copies it from `chunks` between passes. */
  readonly chunk: GPUBuffer;
  /** Images of this batch, for `encode`. */
  readonly batch: GPUBuffer;
  /** Of `plan.before` and `plan.dispatches`, in their order. */
  readonly before: readonly BoundKernel[];
  readonly kernels: readonly BoundKernel[];
}

const PARAMETERS: Readonly<Partial<Record<SteppedDispatch['kernel'], StructLayout>>> = {
  encode: encodeParameters,
  synchronize: delayLineParameters,
  'pool-spikes': poolSpikesParameters,
};

const layoutOf = ({ kernel }: SteppedDispatch): StructLayout => PARAMETERS[kernel] ?? spikeLayerParameters;

const whole = (buffer: GPUBuffer): GPUBufferBinding => ({ buffer });

/** Makes the buffers of a plan, uploads weights and parameters, compiles and binds its kernels (in parallel). */
export async function prepareSteps(
  device: Device,
  network: SpikingNetwork,
  plan: SteppedPlan,
  model: NeuronModel,
): Promise<SteppedEngine> {
  const buffers = new Buffers(device);
  try {
    return await device.guard(`plan of "${plan.network}"`, async () => {
      const data = makeBuffers(buffers, plan);
      const counters = buffers.create('counters', 'storage', network.layers.length * 4);
      const chunk = buffers.create('chunk', 'uniform', chunkParameters.size);
      const batch = buffers.create('batch', 'uniform', 16);
      const all = [...plan.before, ...plan.dispatches];
      const packed = packParameters(all.map((one) => ({ layout: layoutOf(one), parameters: one.parameters })));
      const parameters = buffers.create('parameters', 'uniform', packed.data.byteLength, packed.data);
      const bind = (one: SteppedDispatch, i: number): Promise<BoundKernel> => {
        const layer = { buffer: parameters, offset: packed.offsets[i], size: layoutOf(one).size };
        return bindSteps(device, network, model, one, { data, counters, chunk, batch, layer });
      };
      const bound = await Promise.all(all.map(bind));
      const [before, kernels] = [bound.slice(0, plan.before.length), bound.slice(plan.before.length)];
      return { buffers, data, counters, chunk, batch, before, kernels };
    });
  } catch (error) {
    buffers.dispose();
    throw error;
  }
}

function makeBuffers(buffers: Buffers, { bytes, data }: SteppedPlan): SteppedEngine['data'] {
  const storage = (name: SteppedBuffer, content?: ArrayBufferView<ArrayBuffer>) =>
    buffers.create(name, 'storage', bytes[name], content);
  return {
    spikes: storage('spikes'),
    currents: storage('currents'),
    membranes: storage('membranes'),
    counts: storage('counts'),
    decoded: storage('decoded'),
    drive: storage('drive'),
    potentials: storage('potentials'),
    pixels: storage('pixels'),
    words: storage('words', data.words),
    weights: buffers.create('weights', 'weights', bytes.weights, data.weights),
    events: storage('events', data.events),
    channels: storage('channels', data.channels),
  };
}

interface Resources extends Pick<SteppedEngine, 'data' | 'counters' | 'chunk' | 'batch'> {
  readonly layer: GPUBufferBinding;
}

/** Binds one dispatch to what it reads and writes. */
function bindSteps(
  device: Device,
  network: SpikingNetwork,
  model: NeuronModel,
  one: SteppedDispatch,
  { data, counters, chunk, batch, layer }: Resources,
): Promise<BoundKernel> {
  const { invocations, tiles } = one;
  const variant = { uniformWeights: one.weights?.uniform ?? false, arithmetic: one.arithmetic ?? 'f32' };
  const membranes = { neuron: model.shader, driven: one.parameters.hasDrive === 1 };
  const b = {
    spikes: whole(data.spikes),
    currents: whole(data.currents),
    membranes: whole(data.membranes),
    counts: whole(data.counts),
    decoded: whole(data.decoded),
    drive: whole(data.drive),
    potentials: whole(data.potentials),
    words: whole(data.words),
    events: whole(data.events),
    channels: whole(data.channels),
    counters: whole(counters),
    chunk: whole(chunk),
    weights: { buffer: data.weights, ...bindingRange(one.weights) },
    layer,
  };
  switch (one.kernel) {
    case 'encode':
      return encode(device, { words: b.words, pixels: whole(data.pixels), input: layer, batch: whole(batch) }, invocations);
    case 'inject':
      return inject(device, b, invocations, tiles);
    case 'start':
      return start(device, b, invocations);
    case 'convolve':
      return convolve(device, variant, b, invocations, tiles);
    case 'convolve-spikes':
      return convolveSpikes(device, b, invocations);
    case 'integrate':
      return integrate(device, membranes, one.parameters.receives === 1, b, invocations, tiles);
    case 'fused':
      return fused(device, membranes, variant, b, invocations, tiles);
    case 'flip':
      return flip(device, b, invocations);
    case 'synchronize':
      return synchronize(device, { ...b, line: layer }, invocations);
    case 'pool-spikes': {
      const pool = network.layers[one.layer];
      const sum = pool.kind === 'pool' && pool.mode === 'sum';
      return poolSpikes(device, sum ? 'sum' : model.maximum, b, invocations);
    }
    case 'readout-steps':
      return readoutSteps(device, model.shader, b, invocations);
  }
}
