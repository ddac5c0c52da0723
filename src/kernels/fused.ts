import type { Device } from '../gpu/device.ts';
import { arithmeticConditions } from './accumulate.ts';
import type { ConvolveVariant } from './convolve.ts';
import { type IntegrateBindings, type MembraneVariant, membraneConditions } from './integrate.ts';
import { type BoundKernel, bindKernel, kernelSource, WORKGROUP } from './kernel.ts';
import { neuronLibrary } from './steps.ts';

/** The buffers of one dispatch; see `shaders/fused.wgsl`. */
export type FusedBindings = Omit<IntegrateBindings, 'currents'> & { readonly weights: GPUBufferBinding };

/** Convolution and membranes of a layer in one (`shaders/fused.wgsl`). */
export const fused = (
  device: Device,
  membranes: MembraneVariant,
  { arithmetic, uniformWeights }: ConvolveVariant,
  b: FusedBindings,
  invocations: number,
  tiles: number,
): Promise<BoundKernel> =>
  bindKernel(
    device,
    kernelSource('fused', [
      'lib/broadcast',
      'lib/steps',
      'lib/bytes',
      'lib/tap',
      'lib/spike-sums',
      neuronLibrary(membranes.neuron),
      'lib/membrane',
    ]),
    {
      ...{ uniformWeights, ...arithmeticConditions(arithmetic), ...membraneConditions(membranes) },
      broadcast: uniformWeights && device.broadcast,
    },
    [
      ...[b.spikes, b.weights, b.layer, b.chunk, b.channels, b.membranes],
      ...[membranes.driven ? b.drive : null, b.counts, b.decoded, b.counters],
    ],
    invocations,
    tiles,
    device.broadcast ? device.subgroupSize : WORKGROUP,
  );
