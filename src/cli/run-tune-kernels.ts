import type { Ann } from '../ann/ann.ts';
import { convert } from '../convert/convert.ts';
import { openDataSet } from '../data/open.ts';
import { readSidecar } from '../data/sidecar.ts';
import { DeviceError, OptionError } from '../errors.ts';
import { checkShapes, chooseNormalization, ownNormalization } from '../evaluate/fit.ts';
import type { Device } from '../gpu/device.ts';
import type { SpikingNetwork } from '../network/network.ts';
import { importOnnx } from '../onnx/import.ts';
import { type BatchSize, LEAST_AUTO } from '../plan/batch.ts';
import { quantize } from '../quantize/quantize.ts';
import { readImages } from '../run/source.ts';
import { adapterKey, readAllTuning, type Tuning, tuningFile, writeTuning } from '../tune/cache.ts';
import { fastest, measureShapes, type TuneOptions } from '../tune/tune.ts';
import { openAdapter } from './adapter.ts';
import { given } from './open-inputs.ts';
import { choiceName, formatTimings, formatTuning } from './print-tuning.ts';
import type { Terminal } from './terminal.ts';

/** What the command line gives. */
export interface TuneKernelsOptions {
  readonly dataset?: string;
  readonly output?: string;
  readonly batch: BatchSize;
  readonly waves: number;
  readonly phaseBits: number | readonly number[];
  readonly show?: boolean;
  readonly adapter?: string;
}

/** Runs `bsnn tune-kernels`. */
export async function runTuneKernels(model: string | undefined, options: TuneKernelsOptions, terminal: Terminal): Promise<void> {
  if ((model === undefined) === (options.show === undefined)) {
    throw new OptionError('tune-kernels', 'tune-kernels', 'needs a model to measure, or else --show', 'give one of them');
  }
  if (model === undefined) return show(options.adapter, terminal);
  const device = await openAdapter(options.adapter);
  try {
    const { network, images } = await networkOf(device, model, options);
    const { batch, waves } = options;
    const onProgress: TuneOptions['onProgress'] = (candidate, done, candidates) =>
      terminal.progress?.write(`  ${done + 1}/${candidates} ${choiceName(candidate)}\n`);
    const timings = await measureShapes(device, network, { batch, waves, onProgress, ...(images && { images }) });
    terminal.out(formatTimings(`${network.name} on ${device.description.adapter}`, timings, terminal.color));
    const path = await writeTuning(device.description, fastest(timings), warnOn(terminal));
    terminal.out(`\nkept in ${path}\n`);
  } finally {
    device.dispose();
  }
}

const warnOn = (terminal: Terminal) => (line: string) => terminal.err(`bsnn: ${line}\n`);

/** A scale for all layers, where none are calibrated: time does not depend on it. */
const SCALE = 4;

/** The spiking network to time, with the data set's images where one is given. */
async function networkOf(
  device: Device,
  model: string,
  { dataset: spec, output, batch, phaseBits }: TuneKernelsOptions,
): Promise<{ network: SpikingNetwork; images?: Uint8Array }> {
  const sidecar = await readSidecar(model);
  const ann: Ann = await importOnnx(model, given({ output }));
  if (spec === undefined) {
    const { mean = [0], std = [1] } = { ...ownNormalization(ann), ...sidecar };
    const scales = ann.layers.map(() => SCALE);
    return { network: quantize(ann, { phaseBits, initial: 'half', scales, mean, std }) };
  }
  const dataset = await openDataSet(spec, { input: ann.input });
  checkShapes(ann, dataset);
  const { evaluation } = dataset;
  const images = await readImages(evaluation, 0, Math.min(batch === 'auto' ? LEAST_AUTO : batch, evaluation.count));
  const { mean, std } = chooseNormalization(ann, dataset, sidecar, {});
  return { network: await convert(device, ann, images, { phaseBits, batch, mean, std }), images };
}

async function show(adapter: string | undefined, terminal: Terminal): Promise<void> {
  const tuning = await readAllTuning(warnOn(terminal));
  const key = await openAdapter(adapter).then(
    (device) => {
      device.dispose();
      return adapterKey(device.description);
    },
    (error: unknown) => {
      if (error instanceof DeviceError && error.code === 'no-adapter' && adapter === undefined) return null;
      throw error;
    },
  );
  const shown: Tuning = key === null ? tuning : Object.hasOwn(tuning, key) ? { [key]: tuning[key] } : {};
  terminal.out(formatTuning(tuningFile() ?? 'no home folder, so no cache', shown, key, terminal.color));
}
