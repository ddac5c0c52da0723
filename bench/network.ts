import { join } from 'node:path';
import { shapeSize } from '../src/ann/ann.ts';
import type { Device } from '../src/gpu/device.ts';
import { isAccumulate } from '../src/kernels/kernel.ts';
import type { SpikingNetwork } from '../src/network/network.ts';
import { importOnnx } from '../src/onnx/import.ts';
import { defaultArithmetic } from '../src/plan/choices.ts';
import { quantize } from '../src/quantize/quantize.ts';
import { Session } from '../src/run/session.ts';
import { BATCH, checkedSession, macRow, randomImages, WAVES } from './kernels.ts';
import { median, type Stopwatch, timesOfCalls } from './measure.ts';
import type { PeakSuite } from './peak.ts';
import type { AddRow, Row } from './result.ts';
import { ROOT } from './root.ts';

/** Images of one timed run, in batches; the time from the call to the logits. */
const IMAGES = 256;
const RUNS = 3;

/** The shipped ResNet-20 with one scale for all layers: its weights are real, its accuracy does not matter here. */
export async function resnet20(): Promise<SpikingNetwork> {
  const ann = await importOnnx(join(ROOT, 'datasets/models/resnet20-cifar10.onnx'));
  return quantize(ann, {
    phaseBits: 4,
    initial: 'half',
    scales: ann.layers.map(() => 4),
    mean: [0.4914, 0.4822, 0.4465],
    std: [0.247, 0.2435, 0.2616],
  });
}

/** ResNet-20: all its convolutions on the GPU, then images a second of the whole call against batch and waves. */
export async function measureNetwork(device: Device, stopwatch: Stopwatch, peak: PeakSuite, add: AddRow): Promise<void> {
  const network = await resnet20();
  const session = await checkedSession(device, network, network.layers.length - 3, {});
  try {
    const { dispatches } = session.plan;
    const convolutions = session.engine.kernels.filter((_, i) => isAccumulate(dispatches[i].kernel));
    const macs = dispatches.reduce((sum, d) => sum + (isAccumulate(d.kernel) ? d.macs : 0), 0);
    const measured = await stopwatch.measure(await stopwatch.scale(convolutions), { beside: peak.fma });
    const variant = `${BATCH} × ${WAVES} waves`;
    add(
      macRow(
        'network',
        'ResNet-20: its convolutions',
        `${variant} ${defaultArithmetic(device.capabilities)}`,
        macs,
        measured,
        peak,
      ),
    );
  } finally {
    session.dispose();
  }
  for (const [batch, waves] of [
    [1, 1],
    [8, 1],
    [64, 1],
    [64, 3],
    [256, 1],
    [256, 3],
  ]) {
    add(await imageRow(device, network, batch, waves, peak));
  }
}

async function imageRow(device: Device, network: SpikingNetwork, batch: number, waves: number, peak: PeakSuite): Promise<Row> {
  const session = await Session.create(device, network, { batch, waves });
  try {
    const images = randomImages(network, Math.max(batch, Math.min(IMAGES, batch * 16)));
    const count = images.length / shapeSize(network.input.shape);
    const times = await timesOfCalls(RUNS, async () => (await session.classify(images)).spikes);
    const wallMs = median(times);
    const macs = (session.plan.dispatches.reduce((sum, d) => sum + d.macs, 0) * count) / session.plan.batch;
    const gmacs = macs / wallMs / 1e6;
    return {
      suite: 'network',
      name: 'ResNet-20: whole call',
      variant: `${session.plan.batch} × ${waves} wave${waves > 1 ? 's' : ''}`,
      gmacs,
      gbps: null,
      imagesPerSecond: (count / wallMs) * 1e3,
      share: gmacs / peak.peaks.fmaGmacs,
      bound: 'fma',
      dotShare: null,
      gpuMs: null,
      wallMs,
      spread: median(times.map((t) => Math.abs(t - wallMs))) / wallMs,
    };
  } finally {
    session.dispose();
  }
}
