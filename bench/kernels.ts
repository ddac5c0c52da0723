import type { Device } from '../src/gpu/device.ts';
import { shapeSize } from '../src/graph/ann.ts';
import type { SpikingNetwork } from '../src/network/network.ts';
import { simulate } from '../src/reference/simulate.ts';
import { readWords } from '../src/session/inspect.ts';
import { Session, type SessionOptions } from '../src/session/session.ts';
import { generator, LAYERS, layerName, layerNetwork } from './layers.ts';
import { countedMs, type Measurement, type Stopwatch, timesOf } from './measure.ts';
import type { PeakSuite } from './peak.ts';
import type { Row } from './result.ts';

export const BATCH = 64;
export const WAVES = 3;

/** A way to run the same layer; all give the same bits. */
export interface Variant {
  readonly name: string;
  readonly options: Pick<SessionOptions, 'weights' | 'arithmetic'>;
}

/** The variants that a device has. */
export const variantsOf = (device: Device): Variant[] =>
  (['uniform', 'storage'] as const).flatMap((weights) =>
    (['packed', 'f32'] as const)
      .filter((arithmetic) => arithmetic === 'f32' || device.packedDot)
      .map((arithmetic) => ({ name: `${weights} ${arithmetic}`, options: { weights, arithmetic } })),
  );

/** Random pixels, the same ones every time. */
export function randomImages(network: SpikingNetwork, images: number): Uint8Array {
  const random = generator(images);
  return Uint8Array.from({ length: images * shapeSize(network.input.shape) }, () => Math.floor(random() * 256));
}

/** A session that has run one batch, so that every layer's words are there, checked against the CPU's reference. */
export async function checkedSession(
  device: Device,
  network: SpikingNetwork,
  layer: number,
  options: SessionOptions,
): Promise<Session> {
  const session = await Session.create(device, network, { batch: BATCH, waves: WAVES, keepWords: true, ...options });
  const pixels = randomImages(network, session.plan.batch);
  await session.run(pixels);
  const words = await readWords(session, layer, session.plan.batch);
  const image = session.plan.batch - 1;
  const expected = simulate(network, pixels.subarray(image * shapeSize(network.input.shape)), WAVES).words[layer];
  const size = shapeSize(network.layers[layer].shape);
  expected.forEach((wave, i) => {
    const at = (i * session.plan.batch + image) * size;
    for (let j = 0; j < size; j++) {
      if (words[at + j] !== wave[j]) throw new Error(`${network.name}: word ${j} of wave ${i} is ${words[at + j]}, not ${wave[j]}`);
    }
  });
  return session;
}

/** A row for multiply-adds, as a share of the f32 multiply-add rate that was measured beside it. */
export function macRow(suite: string, name: string, variant: string, macs: number, measured: Measurement, peak: PeakSuite): Row {
  const { peaks } = peak;
  const gmacs = macs / countedMs(measured) / 1e6;
  const fmasBeside = 32768 * 32 * 192;
  const share = (measured.ratio * macs) / fmasBeside;
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

/** Every layer shape in every variant, and what all convolutions of ResNet-20 reach together. */
export async function measureKernels(device: Device, stopwatch: Stopwatch, peak: PeakSuite): Promise<Row[]> {
  const rows: Row[] = [];
  for (const variant of variantsOf(device)) {
    const together = { macs: 0, peakMacs: 0, ms: 0, wallMs: 0, spread: 0 };
    for (const layerShape of LAYERS) {
      const { network, layer } = layerNetwork(layerShape);
      const session = await checkedSession(device, network, layer, variant.options);
      try {
        const { dispatches } = session.plan;
        const kernels = session.engine.kernels.filter(
          (_, i) => dispatches[i].kernel === 'accumulate' && dispatches[i].layer === layer,
        );
        const macs = dispatches.reduce((sum, d) => sum + (d.kernel === 'accumulate' && d.layer === layer ? d.macs : 0), 0);
        const measured = await stopwatch.measure(await stopwatch.scale(kernels), { beside: peak.fma });
        const row = macRow('kernels', layerName(layerShape), variant.name, macs, measured, peak);
        rows.push(row);
        const count = layerShape.inResnet20;
        together.macs += macs * count;
        together.peakMacs += (macs * count) / (row.share as number);
        together.ms += countedMs(measured) * count;
        together.wallMs += measured.wallMs * count;
        together.spread = Math.max(together.spread, count > 0 ? measured.spread : 0);
      } finally {
        session.dispose();
      }
    }
    const { macs, peakMacs, ms, wallMs, spread } = together;
    const share = macs / peakMacs;
    rows.push({
      suite: 'kernels',
      name: 'ResNet-20: all convolutions',
      variant: variant.name,
      gmacs: macs / ms / 1e6,
      gbps: null,
      imagesPerSecond: null,
      share,
      bound: 'fma',
      dotShare:
        variant.name.includes('packed') && peak.peaks.dot4Gmacs ? (share * peak.peaks.fmaGmacs) / peak.peaks.dot4Gmacs : null,
      gpuMs: stopwatch.timestamps ? ms : null,
      wallMs,
      spread,
    });
  }
  rows.push(...(await measureMovers(device, stopwatch, peak)));
  return rows;
}

/** encode, pool and readout: kernels that move bytes. */
async function measureMovers(device: Device, stopwatch: Stopwatch, peak: PeakSuite): Promise<Row[]> {
  const { network, layer } = layerNetwork({ inputs: 16, outputs: 16, size: 32, kernel: 3, stride: 1, inResnet20: 0 });
  const session = await checkedSession(device, network, layer, {});
  const { plan } = session;
  const words = plan.regions.regions[layer + 1]?.waveStride ?? 0;
  const pooled = plan.regions.regions[layer + 2];
  const pooledBytes = (pooled?.waveStride ?? 0) * (pooled?.phases ?? 1) * WAVES * 4;
  const bytes: Readonly<Record<string, number>> = {
    encode: plan.bytes.pixels + (plan.regions.regions[0]?.planeStride ?? 0) * 4,
    // sums of every prefix for the readout: the words are read once a phase
    pool: words * WAVES * (pooled?.phases ?? 1) * 4 + pooledBytes,
    readout: pooledBytes + plan.bytes.potentials,
  };
  const rows: Row[] = [];
  try {
    for (const [i, { kernel }] of plan.dispatches.entries()) {
      if (!(kernel in bytes)) continue;
      const measured = await stopwatch.measure(await stopwatch.scale([session.engine.kernels[i]]));
      const name = { encode: 'encode 3 ch 32²', pool: 'pool 16 ch 32² → 1²', readout: 'readout 16 → 2' }[kernel as 'encode'];
      rows.push(byteRow('kernels', name, '', bytes[kernel], measured, peak));
    }
  } finally {
    session.dispose();
  }
  return rows;
}
