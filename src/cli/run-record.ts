import { bytesOf, type NpyType } from '../data/arrays/npy.ts';
import { isNetworkFile } from '../data/network-file.ts';
import { OptionError } from '../errors.ts';
import {
  type ImagesRecording,
  type OnRecordedBatch,
  type RecordImagesOptions,
  recordImages,
  recordSaved,
} from '../evaluate/record.ts';
import { refuseConversion } from '../evaluate/saved-inputs.ts';
import type { Device } from '../gpu/device.ts';
import { openAdapter } from './adapter.ts';
import { checkWritable } from './json-file.ts';
import type { RunningOptions } from './model-options.ts';
import { given, openInputs, openSavedInputs, splitOptions } from './open-inputs.ts';
import { COLUMNS, clip, paint, printable, scaled, whole, wrap } from './print.ts';
import { inputLines, noteLines } from './print-inputs.ts';
import { type ProgressBar, progressBar } from './progress.ts';
import { RecordFile, type WrittenArray } from './record-file.ts';
import { streamOutput } from './stream-output.ts';
import type { Terminal } from './terminal.ts';

export interface RecordCommandOptions extends Omit<RecordImagesOptions, 'layers' | 'calibrateOn'>, RunningOptions {
  readonly layer?: readonly string[];
  readonly allLayers?: boolean;
  readonly out: string;
  /** Options that were given and are of conversion, as flags. */
  readonly conversion: readonly string[];
}

/** Runs `bsnn record`. */
export async function runRecord(model: string, options: RecordCommandOptions, terminal: Terminal): Promise<void> {
  const { out, layer, allLayers, adapter, verbose: _, ...rest } = options;
  checkChoice(layer, allLayers);
  if (!/\.npz$/.test(out)) {
    throw new OptionError('output-kind', `--out ${out}`, 'is of no known kind', 'name a file that ends in .npz');
  }
  checkWritable(out, '--out');
  const bar = progressBar(terminal.progress);
  const choice = { ...rest, ...(layer ? { layers: layer } : {}) };
  const saved = await isNetworkFile(model);
  const run = await (saved ? savedRun : trainedRun)(model, choice, bar);
  const device = await openAdapter(adapter);
  try {
    const written = await streamOutput(out, '--out', async (place) => {
      const file = new RecordFile(place);
      const recording = await run(device, async (batch, { first, images }) => {
        await file.add(batch);
        bar.show({ stage: 'record', done: batch.first - first + batch.images, images });
      });
      const arrays = await file.finish(recording);
      return { recording, arrays, bytes: (await place.output.stat()).size };
    });
    bar.stop();
    terminal.out(`${formatRecording(out, written.recording, written.arrays, written.bytes)}\n`);
    const style = paint(terminal.color);
    terminal.out(`${[...inputLines(written.recording, style, saved), ...noteLines(written.recording, style)].join('\n')}\n`);
  } finally {
    bar.stop();
    device.dispose();
  }
}

/** A recording whose files are open, and that waits for a device. */
type Run = (device: Device, onBatch: OnRecordedBatch) => Promise<ImagesRecording>;
type RunOptions = Omit<RecordCommandOptions, 'out' | 'layer' | 'allLayers' | 'adapter' | 'verbose'> &
  Pick<RecordImagesOptions, 'layers'>;

async function trainedRun(path: string, { conversion: _, ...options }: RunOptions, bar: ProgressBar): Promise<Run> {
  const [images, rest] = splitOptions(options);
  const { model, dataset, ...others } = await openInputs(path, images, bar);
  return (device, onBatch) => recordImages(device, model, dataset, { ...rest, ...others }, onBatch);
}

async function savedRun(path: string, { conversion, ...options }: RunOptions, bar: ProgressBar): Promise<Run> {
  refuseConversion(conversion);
  const [images, { offset, limit, batch, layers, what, neuron, timesteps }] = splitOptions(options);
  const { saved, dataset } = await openSavedInputs(path, images, bar);
  return (device, onBatch) =>
    recordSaved(device, saved, dataset, given({ offset, limit, batch, layers, what, neuron, timesteps }), onBatch);
}

/** @throws OptionError unless either layers or all of them are asked for */
function checkChoice(layer: readonly string[] | undefined, all = false): void {
  if ((layer !== undefined) !== all) return;
  const what = all ? 'are given as --layer and as --all-layers' : 'are not given';
  throw new OptionError('layers', 'layers', what, 'give either --layer NAME … or --all-layers');
}

const TYPES: Readonly<Partial<Record<NpyType, string>>> = { '|u1': 'uint8', '<i4': 'int32', '<f8': 'float64' };

/** "1.23 MB", "12 B". */
const bytesText = (bytes: number): string => scaled(bytes).replace(/\d$/, '$& ').concat('B');

/** What was written: the run, the file, and its arrays. */
export function formatRecording(
  path: string,
  { images, first, timesteps, neuron, layers }: ImagesRecording,
  arrays: readonly WrittenArray[],
  bytes: number,
): string {
  const many = (n: number, one: string) => `${whole(n)} ${one}${n === 1 ? '' : 's'}`;
  const range = images === 1 ? `image ${first}` : `images ${first} to ${first + images - 1}`;
  const rows = arrays.map(({ name, type, shape }) => {
    const size = shape.reduce((product, n) => product * n, bytesOf(type));
    return { name: printable(name), type: TYPES[type] ?? type, shape: shape.join(' × ') || '1', size: bytesText(size) };
  });
  const columns = (key: 'type' | 'shape' | 'size') => Math.max(...rows.map((row) => row[key].length));
  const [typeColumns, shapeColumns, sizeColumns] = [columns('type'), columns('shape'), columns('size')];
  const nameColumns = Math.min(
    Math.max(...rows.map(({ name }) => name.length)),
    Math.max(COLUMNS - 8 - typeColumns - shapeColumns - sizeColumns, 12),
  );
  return [
    wrap(`${range}, ${many(timesteps, 'step')}, neuron ${neuron}: ${many(layers.length, 'layer')}`, 0),
    `${clip(printable(path), COLUMNS - 20)}: ${bytesText(bytes)}`,
    ...rows.map(({ name, type, shape, size }) =>
      [
        `  ${clip(name, nameColumns).padEnd(nameColumns)}`,
        type.padEnd(typeColumns),
        shape.padEnd(shapeColumns),
        size.padStart(sizeColumns),
      ].join('  '),
    ),
  ].join('\n');
}
