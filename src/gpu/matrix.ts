/** WebGPU's experimental feature of matrix units (cooperative matrices); Node's implementation offers it with `allow_unsafe_apis`. */
export const MATRIX_FEATURE = 'chromium-experimental-subgroup-matrix';

/** A matrix unit: multiplies fragments M × K by K × N. */
export interface MatrixUnit {
  /** Bytes with u32 results, or f16 with f32 results: both are exact for words and weights. */
  readonly operand: 'u8' | 'f16';
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** What an adapter says of one of its matrix units. */
interface MatrixConfig {
  readonly componentType: string;
  readonly resultComponentType: string;
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

/** Rows, columns and depth of the tile that a workgroup of `accumulate-tiled` computes, and its invocations. */
const TILE = { rows: 64, columns: 64, depth: 32, invocations: 64 };
/** Bytes of workgroup memory that it needs with f16 operands. */
const WORKGROUP_BYTES = 24832;

/**
 * The adapter's matrix unit that suits `accumulate-tiled`: bytes before f16; null where none does.
 * The tile is laid out for subgroups of 4 × 2 fragments that fill the workgroup.
 */
export function matrixUnit(adapter: GPUAdapter, device: GPUDevice): MatrixUnit | null {
  const {
    subgroupMinSize: subgroupSize = 0,
    subgroupMaxSize,
    subgroupMatrixConfigs = [],
  } = adapter.info as GPUAdapterInfo & {
    readonly subgroupMatrixConfigs?: Iterable<MatrixConfig>;
  };
  if (subgroupSize !== subgroupMaxSize || device.limits.maxComputeWorkgroupStorageSize < WORKGROUP_BYTES) return null;
  const suits = ({ M, N, K }: MatrixConfig) => {
    const subgroups = (TILE.rows / (4 * M)) * (TILE.columns / (2 * N));
    return subgroups * subgroupSize === TILE.invocations && TILE.depth % K === 0;
  };
  const all = [...subgroupMatrixConfigs].filter(suits);
  const find = (operand: MatrixUnit['operand'], result: string) =>
    all
      .filter((c) => c.componentType === operand && c.resultComponentType === result)
      .map((c) => ({ operand, m: c.M, n: c.N, k: c.K }));
  return [...find('u8', 'u32'), ...(device.features.has('shader-f16') ? find('f16', 'f32') : [])][0] ?? null;
}
