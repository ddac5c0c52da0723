import type { BoundKernel } from '../src/gpu/bind.ts';
import { Buffers } from '../src/gpu/buffers.ts';
import { Device } from '../src/gpu/device.ts';
import { matrixConditions } from '../src/kernels/kernel.ts';
import { settledSize } from './growing.ts';
import { countedMs, median, Stopwatch, timesOf, type Work } from './measure.ts';
import type { Peaks, Row } from './result.ts';
import { benchKernel, readBack } from './shaders.ts';

/** Invocations that keep all cores of a processor busy. */
const SOFTWARE_SIZES = [2 ** 15];
/** A large card wants hundreds of thousands; the last size is what one dimension of a dispatch takes. */
const CARD_SIZES = [2 ** 18, 2 ** 19, 2 ** 20, 2 ** 21];
/** Of `multiply_add.wgsl`: turns × multiply-adds a turn. */
const FMAS = 32 * 192;
/** Of `dot_rate.wgsl`: turns × dot products × 4. */
const DOT_TURNS = 256;
const DOT_MACS = DOT_TURNS * 16 * 4;
/** Of `load_rate.wgsl`: turns × loads a turn. */
const LOADS = 32 * 16;
const COPY_BYTES = 64 * 2 ** 20;

/** The bounds of this device, and the works that later suites measure beside theirs. */
export interface PeakSuite {
  readonly peaks: Peaks;
  readonly rows: readonly Row[];
  /** Multiply-adds in f32, about 8 ms of them. */
  readonly fma: Work;
  /** Packed unsigned dot products, about 8 ms of them; null where the device has none. */
  readonly dot4: Work | null;
  /** Multiply-adds of one repetition of `fma` and of `dot4`. */
  readonly fmaMacs: number;
  readonly dot4Macs: number;
  readonly dispose: () => void;
}

/** Measures what the device can do; every kernel's result is checked, so that nothing is timed that does not run. */
export async function measurePeaks(device: Device, stopwatch: Stopwatch): Promise<PeakSuite> {
  const buffers = new Buffers(device);
  const sizes = device.capabilities.software ? SOFTWARE_SIZES : CARD_SIZES;
  const sums = buffers.create('sums', 'storage', sizes[sizes.length - 1] * 4);
  const rows: Row[] = [];
  const time = async (name: string, kernel: BoundKernel, units: number, unit: 'gmacs' | 'gbps'): Promise<number> => {
    const encoder = device.handle.createCommandEncoder();
    encoder.clearBuffer(sums);
    device.handle.queue.submit([encoder.finish()]);
    const work = await stopwatch.scale([kernel]);
    const measured = await stopwatch.measure(work);
    const rate = units / countedMs(measured) / 1e6;
    rows.push({ ...EMPTY, name, gmacs: unit === 'gmacs' ? rate : null, gbps: unit === 'gbps' ? rate : null, ...timesOf(measured) });
    return rate;
  };

  const factors = buffers.create('factors', 'uniform', 16, Float32Array.of(0.5, 1));
  const multiplyAdd = (size: number) => benchKernel(device, 'multiply_add', { half: false }, [sums, factors], size);
  const invocations = await settledSize(sizes, async (size) => {
    const work = await stopwatch.scale([await multiplyAdd(size)]);
    return size / countedMs(await stopwatch.measure(work, { samples: 3 }));
  });
  const [fmaMacs, dot4Macs] = [invocations * FMAS, invocations * DOT_MACS];
  const fmaKernel = await multiplyAdd(invocations);
  const fmaGmacs = await time('f32 multiply-add', fmaKernel, fmaMacs, 'gmacs');
  const settled = new Float32Array((await readBack(device, sums, 78)).buffer);
  check('f32 multiply-add', Math.abs(settled[77] - 24) < 1e-4);
  const f16Gmacs = await measureHalf(device, invocations, rows);

  const dot = async (signed: boolean): Promise<{ readonly kernel: BoundKernel; readonly gmacs: number } | null> => {
    if (!device.packedDot) return null;
    const start = buffers.create('start', 'uniform', 16, Uint32Array.of(0x01010101, 0x02020202));
    const kernel = await benchKernel(device, 'dot_rate', { signed }, [sums, start], invocations);
    const gmacs = await time(signed ? 'dot4I8Packed' : 'dot4U8Packed', kernel, dot4Macs, 'gmacs');
    check('dot', (await readBack(device, sums, 78))[77] === dotSum(77));
    return { kernel, gmacs };
  };
  const unsigned = await dot(false);
  const signed = await dot(true);

  const matrixGmacs = await measureMatrix(device, sums, invocations, time);

  const loadGbps: Record<string, number> = {};
  const data = Uint32Array.from({ length: 4096 }, (_, i) => i);
  const stored = buffers.create('data', 'weights', data.byteLength, data);
  for (const [name, conditions] of Object.entries(LOAD_VARIANTS)) {
    const kernel = await benchKernel(device, 'load_rate', conditions, [sums, stored], invocations);
    loadGbps[name] = await time(`load ${name}`, kernel, invocations * LOADS * (conditions.wide ? 16 : 4), 'gbps');
    check(`load ${name}`, (await readBack(device, sums, 78))[77] === loadSum(conditions.byLane ? 13 : 0, conditions.wide));
  }

  const from = buffers.create('from', 'storage', COPY_BYTES, new Uint32Array(COPY_BYTES / 4).fill(0x5eed));
  const to = buffers.create('to', 'storage', COPY_BYTES);
  const copyGbps = await time(
    'copy 64 MiB (read + written)',
    await benchKernel(device, 'copy', {}, [to, from], COPY_BYTES / 16),
    2 * COPY_BYTES,
    'gbps',
  );
  check('copy', (await readBack(device, to, 1, COPY_BYTES - 4))[0] === 0x5eed);

  const noOp = await benchKernel(device, 'no_op', {}, [sums], 64);
  const many = await stopwatch.measure({ kernels: [noOp], repeat: 201 });
  const single = await stopwatch.measure({ kernels: [noOp], repeat: 1 });
  const dispatchUs = Math.max(0, ((many.wallMs * 201 - single.wallMs) / 200) * 1e3);
  const submitUs = (await emptySubmitMs(device)) * 1e3;
  check('no-op', (await readBack(device, sums, 1))[0] === 1);
  rows.push(
    { ...EMPTY, name: '200 dispatches, one of them', ...timesOf(many) },
    { ...EMPTY, name: 'submit + wait, one dispatch', ...timesOf(single) },
  );

  const peaks: Peaks = {
    fmaGmacs,
    dot4Gmacs: unsigned?.gmacs ?? null,
    dot4SignedGmacs: signed?.gmacs ?? null,
    f16Gmacs,
    matrixGmacs,
    loadGbps,
    copyGbps,
    dispatchUs,
    submitUs,
  };
  to.destroy();
  from.destroy();
  const fma = await stopwatch.scale([fmaKernel], 8);
  const dot4 = unsigned ? await stopwatch.scale([unsigned.kernel], 8) : null;
  return { peaks, rows, fma, dot4, fmaMacs, dot4Macs, dispose: () => buffers.dispose() };
}

const EMPTY: Row = {
  suite: 'peak',
  name: '',
  variant: '',
  gmacs: null,
  gbps: null,
  imagesPerSecond: null,
  share: null,
  bound: null,
  dotShare: null,
  gpuMs: null,
  wallMs: 0,
  spread: 0,
};

const LOAD_VARIANTS = {
  'storage u32, same index': { constantPath: false, wide: false, byLane: false },
  'storage u32, by lane': { constantPath: false, wide: false, byLane: true },
  'storage vec4u, same index': { constantPath: false, wide: true, byLane: false },
  'storage vec4u, by lane': { constantPath: false, wide: true, byLane: true },
  'uniform vec4u, same index': { constantPath: true, wide: true, byLane: false },
} as const;

/** Of `matrix_rate.wgsl`: turns, fragments of a subgroup. */
const MATRIX_TURNS = 64;
const FRAGMENTS = 8;

/** The rate of the matrix unit that the library would use; null where there is none. */
async function measureMatrix(
  device: Device,
  sums: GPUBuffer,
  invocations: number,
  time: (name: string, kernel: BoundKernel, units: number, unit: 'gmacs' | 'gbps') => Promise<number>,
): Promise<number | null> {
  if (!device.matrix) return null;
  const { operand, m, n, k, subgroupSize } = device.matrix;
  const scalar = { scalar: operand === 'u8' ? 'u32' : operand, perScalar: operand === 'u8' ? 4 : 1 };
  const kernel = await benchKernel(device, 'matrix_rate', { ...matrixConditions(device, false), ...scalar }, [sums], invocations);
  const macs = (invocations / subgroupSize) * MATRIX_TURNS * FRAGMENTS * m * n * k;
  const gmacs = await time(`matrix units ${m}×${n}×${k} ${operand}`, kernel, macs, 'gmacs');
  const product = (await readBack(device, sums, 78))[77];
  const found = operand !== 'u8' ? new Float32Array(Uint32Array.of(product).buffer)[0] : product;
  check('matrix units', found === MATRIX_TURNS * k * 2);
  return gmacs;
}

/** The f16 rate, on a device of its own: the library's does not ask for the feature. */
async function measureHalf({ gpu }: Device, invocations: number, rows: Row[]): Promise<number | null> {
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter?.features.has('shader-f16')) return null;
  const requiredFeatures = (['shader-f16', 'timestamp-query'] as const).filter((feature) => adapter.features.has(feature));
  const device = new Device(gpu, adapter, await adapter.requestDevice({ requiredFeatures }));
  const stopwatch = new Stopwatch(device);
  const buffers = new Buffers(device);
  try {
    const sums = buffers.create('sums', 'storage', invocations * 4);
    const factors = buffers.create('factors', 'uniform', 16, Float32Array.of(0.5, 1));
    const kernel = await benchKernel(device, 'multiply_add', { half: true }, [sums, factors], invocations);
    const measured = await stopwatch.measure(await stopwatch.scale([kernel]));
    const settled = new Float32Array((await readBack(device, sums, 78)).buffer);
    check('f16 multiply-add', Math.abs(settled[77] - 24) < 0.1);
    const gmacs = (invocations * FMAS) / countedMs(measured) / 1e6;
    rows.push({ ...EMPTY, name: 'f16 multiply-add', gmacs, ...timesOf(measured) });
    return gmacs;
  } finally {
    stopwatch.dispose();
    buffers.dispose();
    device.dispose();
  }
}

function check(what: string, right: boolean): void {
  if (!right) throw new Error(`${what}: the kernel's result is wrong, so its time means nothing`);
}

/** What invocation `id` of `dot_rate.wgsl` stores. Bytes stay below 128, so both kinds of dot product agree. */
export function dotSum(id: number): number {
  const a = [id & 7, 1, 2, 3].map((n) => 1 + n);
  const w = [3, 2, 1, id & 3].map((n) => 2 + n);
  let sum = 0;
  for (let turn = 0; turn < DOT_TURNS; turn++) {
    w.forEach((weight, j) => {
      a.forEach((word, i) => {
        const products = 4 * ((word + turn) & 127) * ((weight + 3 * turn) & 127);
        sum = (sum + (2 * i + 1) * (2 * j + 1) * products) % 2 ** 32;
      });
    });
  }
  return sum;
}

/** What an invocation of `load_rate.wgsl` stores that starts at element `first`. */
export function loadSum(first: number, wide: boolean): number {
  let sum = 0;
  for (let i = first; i < first + LOADS; i++) sum += wide ? 16 * i + 6 : i;
  return sum % 2 ** 32;
}

async function emptySubmitMs(device: Device): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 51; i++) {
    const start = performance.now();
    device.handle.queue.submit([]);
    await device.finish();
    times.push(performance.now() - start);
  }
  return median(times);
}
