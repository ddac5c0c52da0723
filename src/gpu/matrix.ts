/** WebGPU's experimental feature of matrix units (cooperative matrices); Node's implementation offers it with `allow_unsafe_apis`. */
export const MATRIX_FEATURE = 'chromium-experimental-subgroup-matrix';
/** The feature by which a shader demands a size of subgroups. */
export const SUBGROUP_SIZE_FEATURE = 'subgroup-size-control';

/** How fragments' operands lie in workgroup memory (`shaders/accumulate-matrix.wgsl`). */
export interface Staged {
  /** Channels that are staged at once. */
  readonly depth: number;
  /** Operands of an element of 16 bytes, or 8 of f16. */
  readonly perElement: number;
  /** Elements of a row of K operands, with padding. */
  readonly rowElements: number;
  /** Bytes of workgroup memory in all. */
  readonly bytes: number;
}

/** A matrix unit: multiplies fragments M × K by K × N. */
export interface MatrixUnit {
  /** Bytes with 32-bit integers as results, f16 or f32 with f32: all are exact for words and weights, floats up to 2^24. */
  readonly operand: 'u8' | 'f16' | 'f32';
  /** Of bytes: it multiplies signed ones too, in fragments of the same shape. */
  readonly signed: boolean;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Fragments of a subgroup, one below another and side by side; all subgroups together cover the tile of a workgroup. */
  readonly down: number;
  readonly across: number;
  /** Invocations of a subgroup. */
  readonly subgroupSize: number;
  /** The adapter has others too, so that the shader demands it. */
  readonly sized: boolean;
  readonly staged: Staged;
}

/** What an adapter says of one of its matrix units. */
interface MatrixConfig {
  readonly componentType: string;
  readonly resultComponentType: string;
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

/** Output channels, columns and invocations of a workgroup of `accumulate-matrix`. */
const TILE = { rows: 64, columns: 64, invocations: 64 };
const BYTES = { u8: 1, f16: 2, f32: 4 } as const;

/** How operands lie for fragments of depth k; null where what is staged at once is not whole fragments, or rows are not whole elements (8 bytes: half of one). Pure. */
export function stagedFor(operand: MatrixUnit['operand'], k: number): Staged | null {
  const depth = operand === 'f32' ? 16 : 32;
  if (depth % k !== 0 || k % 8 !== 0) return null;
  const element = operand === 'f16' ? 8 : 16;
  const row = k * BYTES[operand];
  const padded = row > 16 ? row + 16 : 16;
  const staged = 2 * TILE.rows * padded * (depth / k);
  return {
    depth,
    perElement: element / BYTES[operand],
    rowElements: padded / element,
    // beside it the products, 32 bits each, and a total of each column
    bytes: staged + TILE.rows * TILE.columns * 4 + TILE.columns * 4,
  };
}

/** How many fragments each of so many subgroups has of the tile, as squarely as they can, for the fewest loads; null where they cannot share it. Pure. */
export function shareTile(m: number, n: number, subgroups: number): Pick<MatrixUnit, 'down' | 'across'> | null {
  let best: Pick<MatrixUnit, 'down' | 'across'> | null = null;
  for (let down = TILE.rows / m; down >= 1; down--) {
    const below = TILE.rows / (down * m);
    const beside = subgroups / below;
    const across = TILE.columns / (n * beside);
    const fits = [down, below, beside, across].every(Number.isInteger);
    if (fits && (best === null || down + across < best.down + best.across)) best = { down, across };
  }
  return best;
}

/**
 * The sizes of subgroups that a kernel may count on: the adapter's one, or where it has several the least, which its units are made for, if a
 * shader can demand it; null where neither holds.
 */
function subgroupOf(
  { info }: GPUAdapter,
  { features }: GPUDevice,
): { readonly subgroupSize: number; readonly sized: boolean } | null {
  const { subgroupMinSize: least = 0, subgroupMaxSize: most = 0 } = info;
  if (least === most) return { subgroupSize: least, sized: false };
  return features.has(SUBGROUP_SIZE_FEATURE as GPUFeatureName) ? { subgroupSize: least, sized: true } : null;
}

/** The adapter's matrix unit that suits `accumulate-matrix`: bytes before f16 before f32; null where none does, or its configuration is not understood. */
export function matrixUnit(adapter: GPUAdapter, device: GPUDevice): MatrixUnit | null {
  const { subgroupMatrixConfigs = [] } = adapter.info as GPUAdapterInfo & {
    readonly subgroupMatrixConfigs?: Iterable<MatrixConfig>;
  };
  const subgroup = subgroupOf(adapter, device);
  if (!subgroup) return null;
  const configs = [...subgroupMatrixConfigs];
  const of = (operand: string, result: string) =>
    configs.filter((config) => config.componentType === operand && config.resultComponentType === result);
  const suited = (operand: MatrixUnit['operand'], { M: m, N: n, K: k }: MatrixConfig): MatrixUnit[] => {
    const tile = shareTile(m, n, TILE.invocations / subgroup.subgroupSize);
    const staged = stagedFor(operand, k);
    if (!tile || !staged || staged.bytes > device.limits.maxComputeWorkgroupStorageSize) return [];
    const signed = operand === 'u8' && of('i8', 'i32').some(({ M, N, K }) => M === m && N === n && K === k);
    return [{ operand, signed, m, n, k, ...tile, ...subgroup, staged }];
  };
  const f16 = device.features.has('shader-f16') ? of('f16', 'f32') : [];
  return (
    [
      ...of('u8', 'u32').flatMap((config) => suited('u8', config)),
      ...f16.flatMap((config) => suited('f16', config)),
      ...of('f32', 'f32').flatMap((config) => suited('f32', config)),
    ][0] ?? null
  );
}
