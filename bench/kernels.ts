import { randomPixels } from '../src/ann/build.ts';
import type { Device } from '../src/gpu/device.ts';
import { quadsOf } from '../src/kernels/geometry.ts';
import { type Dispatch, isAccumulate } from '../src/kernels/kernel.ts';
import type { SpikingNetwork, SpikingNeurons } from '../src/network/network.ts';
import { type Choice, candidatesOf, defaultChoice } from '../src/plan/choices.ts';
import { Session, type SessionOptions } from '../src/run/session.ts';
import { checkLayer } from './check.ts';
import { LAYERS, type LayerShape, layerName, layerNetwork } from './layers.ts';
import { countedMs, type Measurement, type Stopwatch, timesOf } from './measure.ts';
import type { PeakSuite } from './peak.ts';
import type { AddRow, Row } from './result.ts';

export const BATCH = 64;
export const WAVES = 3;
/** Multiply-adds of one repetition above which three samples are enough. */
const LARGE_MACS = 1e9;

/** A way to run the same layer; all give the same bits. */
export interface Variant {
  readonly name: string;
  readonly options: Choice;
}

const named = (options: Choice): Variant => ({
  name:
    options.form === 'matrix'
      ? 'matrix'
      : `${options.form} ${options.weights} ${options.arithmetic}`
          .replace('tiled storage', 'tiled')
          .replace(/(?<=depthwise.*) integers/, ''),
  options,
});

/** The ways in which a depthwise layer is measured, beside those of any other layer. */
const DEPTHWISE: readonly Variant[] = (['integers', 'halves'] as const).map((arithmetic) =>
  named({ form: 'depthwise', arithmetic, weights: 'uniform' }),
);

/** The variants that a device has for wide layers; what it runs by default comes first. */
export function variantsOf({ capabilities }: Device): Variant[] {
  const network = layerNetwork({ inputs: 64, outputs: 64, size: 8, kernel: 3, stride: 1, inResnet20: 0 });
  const layer = network.network.layers[network.layer] as SpikingNeurons;
  const first = named(defaultChoice(capabilities, layer));
  const all = candidatesOf(capabilities, layer).map(named);
  return [first, ...all.filter(({ name }) => name !== first.name)];
}

function formOf(kernel: Dispatch['kernel'], { eight }: Dispatch['variant']): Choice['form'] {
  if (kernel === 'accumulate-small') return eight ? '8x4' : '4x4';
  if (kernel === 'accumulate-matrix') return 'matrix';
  return kernel === 'depthwise' ? kernel : kernel === 'accumulate' ? 'registers' : 'tiled';
}

/** How such a dispatch computes it. */
function choiceOf({ kernel, variant }: Dispatch): Choice {
  return {
    form: formOf(kernel, variant),
    arithmetic:
      kernel === 'depthwise' && !variant.halves
        ? 'integers'
        : variant.packedDot || variant.signedDot
          ? 'packed'
          : variant.halves
            ? 'halves'
            : variant.integers
              ? 'integers'
              : 'f32',
    weights: variant.uniformWeights ? 'uniform' : 'storage',
  };
}

/** Random pixels, the same ones every time. */
export const randomImages = (network: SpikingNetwork, images: number): Uint8Array => randomPixels(network.input.shape, images, 1);

/** A session that has run one batch, whose layers up to `layer` were checked: neurons of each, computed again on the CPU. */
export async function checkedSession(
  device: Device,
  network: SpikingNetwork,
  layer: number,
  options: SessionOptions,
): Promise<Session> {
  const session = await Session.create(device, network, { batch: BATCH, waves: WAVES, keepWords: true, ...options });
  const pixels = randomImages(network, session.plan.batch);
  await session.classify(pixels);
  for (let l = 0; l <= layer; l++) if (network.layers[l].kind === 'neurons') await checkLayer(session, pixels, l);
  return session;
}

/** A row for multiply-adds, as a share of the f32 multiply-add rate that was measured beside it. */
export function macRow(suite: string, name: string, variant: string, macs: number, measured: Measurement, peak: PeakSuite): Row {
  const { peaks, fmaMacs } = peak;
  const gmacs = macs / countedMs(measured) / 1e6;
  const share = (measured.ratio * macs) / fmaMacs;
  const packed = variant.includes('packed') && peaks.dot4Gmacs !== null;
  const dotShare = packed ? (share * peaks.fmaGmacs) / (peaks.dot4Gmacs as number) : null;
  return { suite, name, variant, gmacs, gbps: null, imagesPerSecond: null, share, bound: 'fma', dotShare, ...timesOf(measured) };
}

/** A row for bytes moved, as a share of the copy bandwidth. */
export function byteRow(suite: string, name: string, variant: string, bytes: number, measured: Measurement, peak: PeakSuite): Row {
  const gbps = bytes / countedMs(measured) / 1e6;
  const share = gbps / peak.peaks.copyGbps;
  const times = timesOf(measured);
  return { suite, name, variant, gmacs: null, gbps, imagesPerSecond: null, share, bound: 'copy', dotShare: null, ...times };
}

/** Every layer shape, some of them in every variant, and what all convolutions of ResNet-20 reach together. */
export async function measureKernels(device: Device, stopwatch: Stopwatch, peak: PeakSuite, add: AddRow): Promise<void> {
  const resnet20: { readonly row: Row; readonly macs: number; readonly count: number }[] = [];
  const [chosen, ...others] = variantsOf(device);
  for (const layerShape of LAYERS) {
    const own = layerShape.groups === layerShape.inputs ? DEPTHWISE : [];
    for (const variant of [...own, chosen, ...(layerShape.everyVariant ? others : [])]) {
      const { row, macs } = await measureLayer(device, stopwatch, peak, layerShape, variant);
      add(row);
      if (variant === chosen && layerShape.inResnet20 > 0) resnet20.push({ row, macs, count: layerShape.inResnet20 });
    }
  }
  add(together('ResNet-20: all convolutions', resnet20));
  await measureMovers(device, stopwatch, peak, add);
}

/** One layer's accumulate dispatches, all shares of its weights. */
async function measureLayer(
  device: Device,
  stopwatch: Stopwatch,
  peak: PeakSuite,
  layerShape: LayerShape,
  variant: Variant,
): Promise<{ readonly row: Row; readonly macs: number }> {
  const { network, layer } = layerNetwork(layerShape);
  const session = await checkedSession(device, network, layer, { batch: layerShape.batch ?? BATCH, ...variant.options });
  try {
    const { dispatches } = session.plan;
    const shares = dispatches.filter((d) => isAccumulate(d.kernel) && d.layer === layer);
    const kernels = session.engine.kernels.filter((_, i) => shares.includes(dispatches[i]));
    const macs = shares.reduce((sum, d) => sum + d.macs, 0);
    const work = await stopwatch.scale(kernels);
    // a sample of a large layer takes long enough to need few of them
    const measured = await stopwatch.measure(work, { beside: peak.fma, samples: macs > LARGE_MACS ? 3 : 11 });
    // what was asked for may not suit the layer's sums
    const ran = named(choiceOf(shares[0])).name;
    const name = shares[0].variant.pixels ? `${ran}, once` : ran;
    return { row: macRow('kernels', layerName(layerShape), name, macs, measured, peak), macs };
  } finally {
    session.dispose();
  }
}

/** What layers reach one after another, each so often: times add up, the shares by the time that the peak would take. */
function together(name: string, parts: readonly { readonly row: Row; readonly macs: number; readonly count: number }[]): Row {
  const sum = (value: (row: Row, macs: number) => number) =>
    parts.reduce((total, { row, macs, count }) => total + value(row, macs) * count, 0);
  const macs = sum((_, n) => n);
  const ms = sum((row) => row.gpuMs ?? row.wallMs);
  const [{ row: first }] = parts;
  return {
    ...first,
    name,
    gmacs: macs / ms / 1e6,
    share: macs / sum((row, n) => n / (row.share as number)),
    dotShare: first.dotShare === null ? null : macs / sum((row, n) => n / (row.dotShare as number)),
    gpuMs: first.gpuMs === null ? null : ms,
    wallMs: sum((row) => row.wallMs),
    spread: Math.max(...parts.map(({ row }) => row.spread)),
  };
}

/** encode, pool and readout: kernels that move bytes. */
async function measureMovers(device: Device, stopwatch: Stopwatch, peak: PeakSuite, add: AddRow): Promise<void> {
  const { network, layer } = layerNetwork({ inputs: 16, outputs: 16, size: 32, kernel: 3, stride: 1, inResnet20: 0 });
  const session = await checkedSession(device, network, layer, {});
  const { plan } = session;
  const words = plan.regions.regions[layer + 1]?.waveStride ?? 0;
  const pooled = plan.regions.regions[layer + 2];
  const pooledBytes = (pooled?.waveStride ?? 0) * (pooled?.phases ?? 1) * WAVES * 4;
  const bytes: Readonly<Record<string, number>> = {
    encode: plan.buffers.pixels.bytes + (plan.regions.regions[0]?.planeStride ?? 0) * 4,
    // sums of every prefix for the readout: the words are read once for four phases
    pool: words * WAVES * quadsOf(pooled?.phases ?? 1) * 4 + pooledBytes,
    readout: pooledBytes + plan.buffers.potentials.bytes,
  };
  try {
    for (const [i, { kernel }] of plan.dispatches.entries()) {
      if (!(kernel in bytes)) continue;
      const measured = await stopwatch.measure(await stopwatch.scale([session.engine.kernels[i]]));
      const name = { encode: 'encode 3 ch 32²', pool: 'pool 16 ch 32² → 1²', readout: 'readout 16 → 2' }[kernel as 'encode'];
      add(byteRow('kernels', name, '', bytes[kernel], measured, peak));
    }
  } finally {
    session.dispose();
  }
}
