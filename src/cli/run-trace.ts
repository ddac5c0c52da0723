import { npyFile } from '../data/arrays/npy.ts';
import { OptionError } from '../errors.ts';
import { neuronOf } from '../evaluate/compared-neuron.ts';
import { type LayerTrace, type TraceOptions, trace } from '../evaluate/trace.ts';
import { ruleOf } from '../neuron/neuron.ts';
import { rasterChart } from '../plot/raster.ts';
import { renderPng, renderSvg } from '../plot/render.ts';
import { rasterPicture } from '../report/raster.ts';
import { openAdapter } from './adapter.ts';
import { checkWritable, writeOutput } from './json-file.ts';
import type { RunningOptions } from './model-options.ts';
import { openInputs, splitOptions } from './open-inputs.ts';
import { paint, printable, whole } from './print.ts';
import { inputLines, noteLines } from './print-inputs.ts';
import type { Terminal } from './terminal.ts';

export interface TraceCommandOptions extends Omit<TraceOptions, 'calibrateOn'>, RunningOptions {
  readonly out: string;
  readonly rows: number;
}

/** Runs `bsnn trace`. */
export async function runTrace(model: string, options: TraceCommandOptions, terminal: Terminal): Promise<void> {
  const { out, rows, adapter, verbose: _, ...rest } = options;
  const [images, traceOptions] = splitOptions(rest);
  const write = writerOf(out);
  checkWritable(out, '--out');
  const { model: opened, dataset, ...others } = await openInputs(model, images);
  const device = await openAdapter(adapter);
  try {
    const found = await trace(device, opened, dataset, { ...traceOptions, ...others });
    const content = await write(found, rows);
    writeOutput(out, () => content, '--out');
    const style = paint(terminal.color);
    const lines = [describe(found), ...inputLines(found, style), ...noteLines(found, style)];
    terminal.out(`${lines.join('\n')}\n`);
  } finally {
    device.dispose();
  }
}

type Writer = (trace: LayerTrace, rows: number) => Promise<string | Uint8Array>;

const WRITERS: Readonly<Record<string, Writer>> = {
  svg: (found, rows) => renderSvg(rasterChart(rasterPicture(found, rows))),
  png: async (found, rows) => renderPng(await renderSvg(rasterChart(rasterPicture(found, rows)))),
  npy: async ({ spikes, timesteps, shape }) => npyFile(spikes, [timesteps, shape.channels, shape.height, shape.width]),
};

/** @throws OptionError for a file of another kind */
function writerOf(path: string): Writer {
  const writer = WRITERS[/\.(\w+)$/.exec(path)?.[1] ?? ''];
  if (writer) return writer;
  throw new OptionError('output-kind', `--out ${path}`, 'is of no known kind', 'name a file that ends in .png, .svg or .npy');
}

/** Spikes, and how many of them are of neurons that the trained network has at 0. */
function describe({ layer, neuron, spikes, activations, timesteps }: LayerTrace): string {
  const { spikesOf } = ruleOf(neuronOf(neuron).neuron);
  const size = activations.length;
  const spiked = new Uint8Array(size);
  let count = 0;
  spikes.forEach((s, i) => {
    count += spikesOf(s);
    if (s !== 0) spiked[i % size] = 1;
  });
  const of = (test: (i: number) => boolean) => whole(activations.reduce((n, _, i) => n + (test(i) ? 1 : 0), 0));
  return [
    `layer "${printable(layer)}", ${whole(timesteps)} steps: ${whole(count)} spikes of ${of((i) => spiked[i] === 1)} neurons (of ${whole(size)});`,
    `${of((i) => spiked[i] === 1 && activations[i] === 0)} of these have no activation in the trained network (SIN)`,
  ].join('\n');
}
