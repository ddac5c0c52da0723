import { shapeSize } from '../src/ann/ann.ts';
import { type Seeded, seeded } from '../src/ann/build.ts';
import { type BoundKernel, dispatch as encodeDispatch } from '../src/gpu/bind.ts';
import { readBuffer } from '../src/gpu/buffers.ts';
import type { Device } from '../src/gpu/device.ts';
import { writeStruct } from '../src/gpu/shader.ts';
import { type KernelName, uniformOf } from '../src/kernels/kernel.ts';
import type { TrainDispatch } from '../src/kernels/trains.ts';
import type { SpikingNetwork } from '../src/network/network.ts';
import { type Neuron, neuronText } from '../src/neuron/neuron.ts';
import { isWithin } from '../src/plan/trains/chunks.ts';
import { SteppedSession } from '../src/run/stepped-session.ts';
import { BATCH, byteRow, macRow, randomImages } from './kernels.ts';
import { median, type Stopwatch, timesOfCalls } from './measure.ts';
import { resnet20 } from './network.ts';
import type { PeakSuite } from './peak.ts';
import type { AddRow, Row } from './result.ts';

const SUITE = 'stepped';
/** Spikes a neuron and step. */
const ACTIVITIES = [0.002, 0.01, 0.05, 0.1, 0.2] as const;
const RUNS = 3;
/** Layout of the steps that a pass computes. */
const CHUNK = uniformOf('integrate', 'chunk');

/** The stepped engine: its kernels alone, convolution against activity, ResNet-20 as a whole. */
export async function measureStepped(device: Device, stopwatch: Stopwatch, peak: PeakSuite, add: AddRow): Promise<void> {
  const network = await resnet20();
  await measureKernels(device, network, stopwatch, peak, add);
  add(await measureEngine(device, network, { name: 'bistable' }, 80, peak));
  add(await measureEngine(device, network, { name: 'if' }, 16, peak));
}

interface Found {
  readonly dispatch: TrainDispatch;
  readonly kernel: BoundKernel;
}

/** Each kernel once, on the layer of ResNet-20 that has the most to do. */
async function measureKernels(
  device: Device,
  network: SpikingNetwork,
  stopwatch: Stopwatch,
  peak: PeakSuite,
  add: AddRow,
): Promise<void> {
  const session = await SteppedSession.create(device, network, { timesteps: 16, batch: BATCH });
  try {
    await session.classify(randomImages(network, session.plan.batch));
    for (const found of convolutions(session)) {
      for (const activity of ACTIVITIES) await measureForms(session, found, activity, stopwatch, peak, add);
    }
    for (const { found, bytes, variant } of movers(session)) {
      setWindow(session, found.dispatch);
      const measured = await stopwatch.measure(await stopwatch.scale([found.kernel]));
      add(byteRow(SUITE, `${found.dispatch.kernel} ${shapeText(network, found.dispatch.layer)}`, variant, bytes, measured, peak));
    }
  } finally {
    session.dispose();
  }
  add(await measureFused(device, network, { name: 'bistable' }, 4, stopwatch, peak));
  add(await measureFused(device, network, { name: 'if' }, 16, stopwatch, peak));
}

const shapeText = (network: SpikingNetwork, layer: number): string => {
  const { channels, height } = network.layers[layer].shape;
  return `${channels} ch ${height}²`;
};

/** Lets a dispatch's uniform binding read a chunk of a whole window in which it has work. */
function setWindow({ device, engine, plan }: SteppedSession, { when }: TrainDispatch): void {
  const { during, except } = when;
  const { capacity: steps, batch: images, timetable } = plan;
  const among = (step: number, spans: typeof during) => spans.some((span) => isWithin(step, span, timetable.period));
  let step = 0;
  while (!among(step, during) || among(step, except)) step++;
  const bytes = new Uint8Array(CHUNK.size);
  writeStruct(CHUNK, new DataView(bytes.buffer), { step, steps, images });
  device.handle.queue.writeBuffer(engine.data.chunk, 0, bytes);
}

/** Dispatches of one kernel. */
const dispatchesOf = ({ plan, engine }: SteppedSession, kernel: KernelName): Found[] =>
  plan.dispatches.flatMap((dispatch, i) => (dispatch.kernel === kernel ? [{ dispatch, kernel: engine.kernels[i] }] : []));

/** One layer of each map size, in both forms. */
function convolutions(session: SteppedSession): { readonly dense: Found; readonly spikes: Found }[] {
  const seen = new Set<string>();
  return dispatchesOf(session, 'fused').flatMap((dense) => {
    const { layer, parameters } = dense.dispatch;
    const terms = parameters.term as readonly { readonly strideX?: number; readonly kind: number }[];
    const text = shapeText(session.network, layer);
    if (seen.has(text) || terms.length !== 1 || terms[0].strideX !== 1 || session.network.layers[layer].kind !== 'neurons')
      return [];
    seen.add(text);
    return [{ dense, spikes: dispatchesOf(session, 'fused-spikes').find((one) => one.dispatch.layer === layer) as Found }];
  });
}

/** Dense and spike-driven on the same random spikes; what they leave in the membranes must be equal. */
async function measureForms(
  session: SteppedSession,
  { dense, spikes }: { readonly dense: Found; readonly spikes: Found },
  activity: number,
  stopwatch: Stopwatch,
  peak: PeakSuite,
  add: AddRow,
): Promise<void> {
  const { network, plan, engine } = session;
  const { layer, macs, parameters } = dense.dispatch;
  const [term] = parameters.term as readonly { readonly source: number; readonly groupStride: number }[];
  const random = seeded(layer + Math.round(activity * 1000));
  const words = Uint32Array.from({ length: term.groupStride * plan.layout.groups }, () => randomBits(random, activity));
  session.device.handle.queue.writeBuffer(engine.data.spikes, term.source * 4, words);
  setWindow(session, dense.dispatch);
  const membranes: Int32Array[] = [];
  for (const [variant, { kernel }] of [
    ['dense', dense],
    ['spikes', spikes],
  ] as const) {
    membranes.push(await membranesAfter(session, kernel, parameters.membranes as number));
    const measured = await stopwatch.measure(await stopwatch.scale([kernel]), { beside: peak.fma, samples: 5 });
    const name = `layer ${shapeText(network, layer)}, ${100 * activity} %`;
    add(macRow(SUITE, name, variant, macs * plan.capacity, measured, peak));
  }
  if (membranes[0].some((v, i) => v !== membranes[1][i])) throw new Error(`stepped: the two forms differ in layer ${layer}`);
}

/** Some membranes of a layer, which were 0, after a kernel has run once. @param first of its neurons */
async function membranesAfter({ device, engine }: SteppedSession, kernel: BoundKernel, first: number): Promise<Int32Array> {
  const encoder = device.handle.createCommandEncoder();
  encoder.clearBuffer(engine.data.membranes);
  const pass = encoder.beginComputePass();
  encodeDispatch(pass, kernel);
  pass.end();
  device.handle.queue.submit([encoder.finish()]);
  return new Int32Array(await readBuffer(device, engine.data.membranes, first * 4, 2 ** 16));
}

/** A word of 32 spikes, each there with a probability. */
function randomBits(random: Seeded, probability: number): number {
  let word = 0;
  for (let i = 0; i < 32; i++) if (random.chance(probability)) word |= 1 << i;
  return word >>> 0;
}

/** The kernels that move bytes, with how many: what they read and write at least. */
function movers(session: SteppedSession): { readonly found: Found; readonly bytes: number; readonly variant: string }[] {
  const { network, plan } = session;
  const { groups } = plan.layout;
  const first = (kernel: KernelName): Found => dispatchesOf(session, kernel)[0];
  const neurons = (layer: number) => shapeSize(network.layers[layer].shape) * plan.batch;
  // a layer that spikes come to in other steps: it fires in those
  const firing = dispatchesOf(session, 'integrate').find(({ dispatch }) => dispatch.when.except.length > 0) as Found;
  const pool = first('pool-spikes');
  const { sourceGroupStride, groupStride } = pool.dispatch.parameters as { sourceGroupStride: number; groupStride: number };
  const n = neurons(firing.dispatch.layer);
  const word = (n / 8) * 4 * groups;
  return [
    // membranes, both accumulators, words and states
    { found: firing, variant: 'firing', bytes: n * 8 + n * 16 + word + n },
    { found: pool, variant: 'sum', bytes: (sourceGroupStride + groupStride) * groups * 4 },
  ];
}

/** Convolution and membrane in one, a window or 16 steps a dispatch. */
async function measureFused(
  device: Device,
  network: SpikingNetwork,
  neuron: Neuron,
  timesteps: number,
  stopwatch: Stopwatch,
  peak: PeakSuite,
): Promise<Row> {
  const session = await SteppedSession.create(device, network, { neuron, timesteps, batch: BATCH });
  try {
    await session.classify(randomImages(network, session.plan.batch));
    const { dispatch, kernel } = dispatchesOf(session, 'fused')[0];
    setWindow(session, dispatch);
    const measured = await stopwatch.measure(await stopwatch.scale([kernel]), { beside: peak.fma, samples: 5 });
    const macs = dispatch.macs * session.plan.capacity;
    return macRow(SUITE, `fused ${shapeText(network, dispatch.layer)}`, neuronText(neuron), macs, measured, peak);
  } finally {
    session.dispose();
  }
}

/** ResNet-20 from the call to the potentials, in image-steps a second; every synapse counts as a multiply-add. */
async function measureEngine(
  device: Device,
  network: SpikingNetwork,
  neuron: Neuron,
  timesteps: number,
  peak: PeakSuite,
): Promise<Row> {
  const session = await SteppedSession.create(device, network, { neuron, timesteps, batch: BATCH });
  try {
    const { batch, dispatches } = session.plan;
    const images = randomImages(network, batch);
    const times = await timesOfCalls(RUNS, async () => (await session.classify(images)).spikes);
    const wallMs = median(times);
    const macs = session
      .passes()
      .flatMap(({ chunk, dispatches: active }) => active.map((d) => dispatches[d].macs * (chunk?.steps ?? 0)))
      .reduce((sum, n) => sum + n, 0);
    const gmacs = macs / wallMs / 1e6;
    return {
      suite: SUITE,
      name: `ResNet-20, T = ${timesteps}`,
      variant: `${batch} × ${neuronText(neuron)}`,
      gmacs,
      gbps: null,
      imagesPerSecond: (batch / wallMs) * 1e3,
      imageStepsPerSecond: ((batch * timesteps) / wallMs) * 1e3,
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
