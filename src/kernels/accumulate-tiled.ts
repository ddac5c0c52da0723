import { DeviceError } from '../errors.ts';
import type { Device } from '../gpu/device.ts';
import type { Conditions } from '../gpu/shader.ts';
import { type AccumulateBindings, type Arithmetic, accumulateResources, arithmeticConditions } from './accumulate.ts';
import { type BoundKernel, bindKernel, kernelSource } from './kernel.ts';

/** What of the shader is compiled; matrix units have an arithmetic of their own. */
export interface TiledVariant {
  readonly arithmetic: Arithmetic | 'matrix';
  readonly keepMembranes: boolean;
  readonly identity: boolean;
}

const source = kernelSource('accumulate-tiled', [
  'lib/matrix',
  'lib/broadcast',
  'lib/layer',
  'lib/bytes',
  'lib/neurons',
  'lib/tap',
  'lib/sums',
]);

/** One layer of bistable neurons, all images and waves, words and weights shared in workgroups (`shaders/accumulate-tiled.wgsl`). */
export function accumulateTiled(
  device: Device,
  { arithmetic, ...variant }: TiledVariant,
  bindings: AccumulateBindings,
  invocations: number,
  tiles: number,
): Promise<BoundKernel> {
  const conditions = arithmetic === 'matrix' ? matrixConditions(device) : { ...NO_MATRIX, ...arithmeticConditions(arithmetic) };
  return bindKernel(
    device,
    source,
    { ...variant, ...conditions, broadcast: false, pixels: false, deep: false },
    accumulateResources(bindings, variant.keepMembranes),
    invocations,
    tiles,
  );
}

/** Without matrix units the placeholders stand in text that is cut out. */
const NO_MATRIX: Conditions = {
  matrix: false,
  half: false,
  ...{ matrixM: 0, matrixN: 0, matrixK: 0, operand: '', product: '', staged: '', stagedLength: 0, perElement: 0 },
};

/** Values of the shader's matrix placeholders: how fragments lie in workgroup memory. */
export function matrixConditions({ matrix, description }: Device): Conditions {
  if (!matrix) {
    throw new DeviceError('no-matrix', description.adapter, 'has no matrix units that the kernels can use', 'choose another form');
  }
  const half = matrix.operand === 'f16';
  return {
    matrix: true,
    half,
    packedDot: !half,
    integers: false,
    halves: false,
    three: false,
    matrixM: matrix.m,
    matrixN: matrix.n,
    matrixK: matrix.k,
    operand: matrix.operand,
    product: half ? 'f32' : 'u32',
    staged: half ? 'f16' : 'u32',
    stagedLength: half ? 2048 : 512,
    perElement: half ? 1 : 4,
  };
}
