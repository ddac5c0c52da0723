import { Buffers } from '../gpu/buffers.ts';
import type { Device } from '../gpu/device.ts';
import type { StructLayout } from '../gpu/shader.ts';
import { accumulate, layerParameters } from '../kernels/accumulate.ts';
import { encode, encodeParameters } from '../kernels/encode.ts';
import { type BoundKernel, packParameters } from '../kernels/kernel.ts';
import { pool, poolParameters } from '../kernels/pool.ts';
import { readout } from '../kernels/readout.ts';
import type { Dispatch, Plan } from '../scheduler/plan.ts';
import { weightRange } from '../scheduler/tables.ts';

/** The windowed engine's GPU side: a plan with its buffers and bound kernels. */
export interface WindowedEngine {
  readonly kernels: readonly BoundKernel[];
  readonly buffers: Buffers;
  readonly words: GPUBuffer;
  readonly pixels: GPUBuffer;
  readonly batch: GPUBuffer;
  readonly counters: GPUBuffer;
  readonly potentials: GPUBuffer;
  readonly membranes: GPUBuffer;
}

/** Which code runs where several give the same bits. */
export interface EngineVariant {
  readonly packedDot: boolean;
  readonly keepMembranes: boolean;
}

const PARAMETERS: Readonly<Record<Dispatch['kernel'], StructLayout>> = {
  encode: encodeParameters,
  accumulate: layerParameters,
  pool: poolParameters,
  readout: layerParameters,
};

/** Makes the buffers of a plan, uploads weights and parameters, compiles and binds its kernels (in parallel). */
export async function prepare(device: Device, plan: Plan, layers: number, variant: EngineVariant): Promise<WindowedEngine> {
  const buffers = new Buffers(device);
  try {
    return await device.guard(`plan of "${plan.network}"`, async () => {
      const { bytes, data } = plan;
      const words = buffers.create('words', 'storage', bytes.words, data.constants);
      const weights = buffers.create('weights', 'weights', bytes.weights, data.weights);
      const channels = buffers.create('channels', 'storage', bytes.channels, data.channels);
      const pixels = buffers.create('pixels', 'storage', bytes.pixels);
      const batch = buffers.create('batch', 'uniform', 16);
      const counters = buffers.create('counters', 'storage', layers * 4);
      const potentials = buffers.create('potentials', 'storage', bytes.potentials);
      const membranes = buffers.create('membranes', 'storage', bytes.membranes);
      const { data: structs, offsets } = packParameters(
        plan.dispatches.map(({ kernel, parameters }) => ({ layout: PARAMETERS[kernel], parameters })),
      );
      const parameters = buffers.create('parameters', 'uniform', structs.byteLength, structs);
      const whole = (buffer: GPUBuffer): GPUBufferBinding => ({ buffer });
      const bind = (dispatch: Dispatch, i: number): Promise<BoundKernel> => {
        const layer = { buffer: parameters, offset: offsets[i], size: PARAMETERS[dispatch.kernel].size };
        const common = { words: whole(words), layer, batch: whole(batch) };
        const w = dispatch.weights;
        const weightBinding = { buffer: weights, ...weightRange(w) };
        switch (dispatch.kernel) {
          case 'encode':
            return encode(device, { ...common, input: layer, pixels: whole(pixels) }, dispatch.invocations);
          case 'pool':
            return pool(device, dispatch.maximum, common, dispatch.invocations);
          case 'readout':
            return readout(
              device,
              { ...common, weights: weightBinding, channels: whole(channels), potentials: whole(potentials) },
              dispatch.invocations,
              dispatch.tiles,
            );
          case 'accumulate':
            return accumulate(
              device,
              { ...variant, uniformWeights: w?.uniform ?? false },
              {
                ...common,
                weights: weightBinding,
                channels: whole(channels),
                counters: whole(counters),
                membranes: whole(membranes),
              },
              dispatch.invocations,
              dispatch.tiles,
            );
        }
      };
      const kernels = await Promise.all(plan.dispatches.map(bind));
      return { kernels, buffers, words, pixels, batch, counters, potentials, membranes };
    });
  } catch (error) {
    buffers.dispose();
    throw error;
  }
}
