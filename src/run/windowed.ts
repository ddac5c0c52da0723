import { Buffers } from '../gpu/buffers.ts';
import type { Device } from '../gpu/device.ts';
import type { StructLayout } from '../gpu/shader.ts';
import { type AccumulateBindings, accumulate, layerParameters } from '../kernels/accumulate.ts';
import { accumulateTiled } from '../kernels/accumulate-tiled.ts';
import { encode, encodeParameters } from '../kernels/encode.ts';
import { type BoundKernel, packParameters } from '../kernels/kernel.ts';
import { pool, poolParameters } from '../kernels/pool.ts';
import { readout } from '../kernels/readout.ts';
import type { Choice } from '../plan/choices.ts';
import { bindingRange } from '../plan/tables.ts';
import type { Dispatch, Plan } from '../plan/words/plan.ts';
import type { Ways } from '../plan/words/ways.ts';

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

const PARAMETERS: Readonly<Record<Dispatch['kernel'], StructLayout>> = {
  encode: encodeParameters,
  accumulate: layerParameters,
  pool: poolParameters,
  readout: layerParameters,
};

/** Makes the buffers of a plan, uploads weights and parameters, compiles and binds its kernels (in parallel). */
export async function prepare(device: Device, plan: Plan, layers: number, keepMembranes: boolean): Promise<WindowedEngine> {
  const buffers = new Buffers(device);
  try {
    return await device.guard(`plan of "${plan.network}"`, async () => {
      const { bytes, data } = plan;
      const words = buffers.create('words', 'storage', bytes.words, data.constants);
      const weights = buffers.create('weights', 'weights', bytes.weights, data.weights);
      const channels = buffers.create('channels', 'weights', bytes.channels, data.channels);
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
        const weightBinding = { buffer: weights, ...bindingRange(w) };
        const table = { buffer: channels, ...bindingRange(dispatch.table) };
        switch (dispatch.kernel) {
          case 'encode':
            return encode(device, { ...common, input: layer, pixels: whole(pixels) }, dispatch.invocations);
          case 'pool':
            return pool(device, dispatch.maximum, common, dispatch.invocations);
          case 'readout':
            return readout(
              device,
              { ...common, weights: weightBinding, channels: table, potentials: whole(potentials) },
              dispatch.invocations,
              dispatch.tiles,
            );
          case 'accumulate': {
            const bindings = {
              ...common,
              weights: weightBinding,
              channels: table,
              counters: whole(counters),
              membranes: whole(membranes),
            };
            return bindAccumulate(device, dispatch, bindings, keepMembranes);
          }
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

/** The kernel of the form that was chosen for the layer. */
function bindAccumulate(
  device: Device,
  { choice, ways, weights, table, invocations, tiles }: Dispatch,
  bindings: AccumulateBindings,
  keepMembranes: boolean,
): Promise<BoundKernel> {
  const { form, arithmetic } = choice as Choice;
  const { identity, ...others } = ways as Ways;
  if (form !== 'registers') {
    const variant = { arithmetic: form === 'matrix' ? ('matrix' as const) : arithmetic, keepMembranes, identity };
    return accumulateTiled(device, variant, bindings, invocations, tiles);
  }
  const uniform = { uniformWeights: weights?.uniform ?? false, uniformTable: table?.uniform ?? false };
  return accumulate(device, { arithmetic, keepMembranes, identity, ...others, ...uniform }, bindings, invocations, tiles);
}
