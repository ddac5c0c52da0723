import { describe, expect, it } from 'vitest';
import { MATRIX_FEATURE, matrixUnit, SUBGROUP_SIZE_FEATURE, shareTile, stagedFor } from '../../src/gpu/matrix.ts';

/** "u8 u32 16x16x32", as `docs` of a driver lists them. */
function configOf(text: string) {
  const [componentType, resultComponentType, shape] = text.split(' ');
  const [M, N, K] = shape.split('x').map(Number);
  return { componentType, resultComponentType, M, N, K };
}

interface Adapter {
  readonly configs: readonly string[];
  /** Least and largest subgroup. */
  readonly sizes: readonly [number, number];
  readonly features?: readonly string[];
  readonly workgroupBytes?: number;
}

/** What is made of an adapter, as text; null where it is refused. */
function unitOf({ configs, sizes, features = ['shader-f16'], workgroupBytes = 32768 }: Adapter): string | null {
  const adapter = { info: { subgroupMinSize: sizes[0], subgroupMaxSize: sizes[1], subgroupMatrixConfigs: configs.map(configOf) } };
  const device = { features: new Set([MATRIX_FEATURE, ...features]), limits: { maxComputeWorkgroupStorageSize: workgroupBytes } };
  const unit = matrixUnit(adapter as unknown as GPUAdapter, device as unknown as GPUDevice);
  if (!unit) return null;
  const { operand, signed, m, n, k, down, across, subgroupSize, sized } = unit;
  return `${signed ? 'signed ' : ''}${operand} ${m}x${n}x${k}, ${down} by ${across} of ${subgroupSize}${sized ? ', demanded' : ''}`;
}

const of = (shape: string) => [`u8 u32 ${shape}`, `i8 i32 ${shape}`];
const CONTROL = ['shader-f16', SUBGROUP_SIZE_FEATURE];

describe('the matrix unit of an adapter', () => {
  it.each<[string, Adapter, string | null]>([
    ['16×16×32, subgroups of 32', { configs: of('16x16x32'), sizes: [32, 32] }, 'signed u8 16x16x32, 4 by 2 of 32'],
    ['16×8×32, subgroups of 32', { configs: of('16x8x32'), sizes: [32, 32] }, 'signed u8 16x8x32, 4 by 4 of 32'],
    ['16×16×16, subgroups of 64', { configs: of('16x16x16'), sizes: [64, 64] }, 'signed u8 16x16x16, 4 by 4 of 64'],
    ['8×16×32, subgroups of 16', { configs: of('8x16x32'), sizes: [16, 16] }, 'signed u8 8x16x32, 4 by 2 of 16'],
    ['8×8×8, subgroups of 8', { configs: of('8x8x8'), sizes: [8, 8] }, 'signed u8 8x8x8, 4 by 2 of 8'],
    ['unsigned bytes alone', { configs: ['u8 u32 8x8x8', 'i8 i32 8x8x16'], sizes: [8, 8] }, 'u8 8x8x8, 4 by 2 of 8'],
    ['f16 with f32 sums', { configs: ['f16 f16 8x8x8', 'f16 f32 8x8x8'], sizes: [32, 32] }, 'f16 8x8x8, 8 by 4 of 32'],
    ['bytes before f16', { configs: ['f16 f32 16x16x16', ...of('16x16x32')], sizes: [32, 32] }, 'signed u8 16x16x32, 4 by 2 of 32'],
    [
      'f16 that the device has not',
      { configs: ['f16 f32 8x8x8', 'f32 f32 8x8x8'], sizes: [32, 32], features: [] },
      'f32 8x8x8, 8 by 4 of 32',
    ],
    ['f16 with f16 sums', { configs: ['f16 f16 8x8x8'], sizes: [32, 32] }, null],
    ['signed bytes alone', { configs: ['i8 i32 16x16x32'], sizes: [32, 32] }, null],
    [
      'the first that suits',
      { configs: [...of('16x16x64'), ...of('16x8x32')], sizes: [32, 32] },
      'signed u8 16x8x32, 4 by 4 of 32',
    ],
    ['fragments that do not divide the tile', { configs: of('12x16x32'), sizes: [32, 32] }, null],
    ['subgroups larger than the workgroup', { configs: of('16x16x32'), sizes: [128, 128] }, null],
    ['no size of subgroups', { configs: of('16x16x32'), sizes: [0, 0] }, null],
    ['sizes that vary', { configs: of('16x16x32'), sizes: [32, 64] }, null],
    [
      'sizes that vary, and may be demanded',
      { configs: of('16x16x32'), sizes: [32, 64], features: CONTROL },
      'signed u8 16x16x32, 4 by 2 of 32, demanded',
    ],
    ['one size, and control', { configs: of('16x16x32'), sizes: [32, 32], features: CONTROL }, 'signed u8 16x16x32, 4 by 2 of 32'],
    ['little workgroup memory', { configs: of('16x16x32'), sizes: [32, 32], workgroupBytes: 16384 }, null],
    ['just enough of it', { configs: of('16x16x32'), sizes: [32, 32], workgroupBytes: 22784 }, 'signed u8 16x16x32, 4 by 2 of 32'],
    ['none', { configs: [], sizes: [32, 32] }, null],
  ])('%s', (_, adapter, unit) => {
    expect(unitOf(adapter)).toBe(unit);
  });

  it('all subgroups together cover the tile once', () => {
    for (const m of [4, 8, 16, 32, 64]) {
      for (const n of [4, 8, 16, 32, 64]) {
        for (const subgroups of [1, 2, 4, 8]) {
          const shared = shareTile(m, n, subgroups);
          if (m * n * subgroups > 64 * 64) expect(shared).toBeNull();
          else expect((shared?.down ?? 0) * (shared?.across ?? 0) * m * n * subgroups).toBe(64 * 64);
        }
      }
    }
  });
});

describe('staged operands', () => {
  const BYTES = { u8: 1, f16: 2, f32: 4 } as const;
  const KINDS = (['u8', 'f16', 'f32'] as const).flatMap((operand) =>
    [4, 8, 16, 32].flatMap((k) => {
      const staged = stagedFor(operand, k);
      return staged ? [{ operand, k, staged }] : [];
    }),
  );

  it('are understood for these depths', () => {
    expect(KINDS.map(({ operand, k }) => `${operand} ${k}`)).toEqual([
      ...['u8 8', 'u8 16', 'u8 32', 'f16 8', 'f16 16', 'f16 32', 'f32 8', 'f32 16'],
    ]);
    expect([stagedFor('u8', 64), stagedFor('u8', 4), stagedFor('u8', 12), stagedFor('f32', 32), stagedFor('f16', 4)]).toEqual(
      Array.from({ length: 5 }, () => null),
    );
  });

  // the shader's `elementOf`, and where a fragment of K operands a row is loaded from
  describe.each(KINDS)('$operand, K = $k', ({ operand, k, staged: { depth, perElement, rowElements, bytes } }) => {
    const elementBytes = perElement * BYTES[operand];
    const slice = 64 * rowElements;
    const elementOf = (row: number, c: number) => Math.floor(c / k) * slice + row * rowElements + Math.floor((c % k) / perElement);

    it('lie where the fragments are loaded from, each in a place of its own', () => {
      const places = new Set<number>();
      for (let row = 0; row < 64; row++) {
        for (let c = 0; c < depth; c++) {
          // narrow bytes: two stores of 8 operands, which begin at the element
          const stored = elementOf(row, c) * elementBytes + (c % Math.min(k, perElement)) * BYTES[operand];
          const loaded = (Math.floor(c / k) * slice + row * rowElements) * elementBytes + (c % k) * BYTES[operand];
          expect(stored).toBe(loaded);
          places.add(stored);
        }
      }
      expect(places.size).toBe(64 * depth);
      const most = Math.max(...places) + BYTES[operand];
      expect(most).toBeLessThanOrEqual((bytes - 64 * 64 * 4 - 64 * 4) / 2);
    });

    it('have rows that begin at multiples of 16 bytes, or of all they hold', () => {
      expect((rowElements * elementBytes) % Math.min(16, k * BYTES[operand])).toBe(0);
      expect(bytes).toBeLessThanOrEqual(32768);
    });
  });

  // those of f16 are of 8 bytes
  it.each(KINDS.filter(({ operand }) => operand !== 'f16'))(
    '$operand, K = $k: elements are stored without bank conflicts, 8 invocations of 16 bytes at once',
    ({ k, staged: { depth, perElement, rowElements } }) => {
      for (let c = 0; c < depth; c += Math.min(k, perElement)) {
        const within = Math.floor(c / k) * 64 * rowElements + Math.floor((c % k) / perElement);
        const banks = Array.from({ length: 8 }, (_, lane) => ((within + lane * rowElements) * 16) % 128);
        expect(new Set(banks).size).toBe(8);
      }
    },
  );
});
