import { type Command, Option } from 'commander';
import { npyFile } from '../data/npy.ts';
import { openDataSet } from '../data/open.ts';
import { OptionError } from '../errors.ts';
import { type LayerTrace, type TraceOptions, trace } from '../evaluate/trace.ts';
import { type NeuronTrace, type RasterPicture, rasterChart } from '../plot/raster.ts';
import { renderPng, renderSvg } from '../plot/render.ts';
import { integer } from './arguments.ts';
import { checkWritable, writeOutput } from './json-file.ts';
import { addConversion, addModel, addRunning, openAdapter, type RunningOptions } from './model-options.ts';
import { whole } from './print.ts';
import type { Terminal } from './terminal.ts';

interface TraceCommandOptions extends TraceOptions, RunningOptions {
  readonly out: string;
  readonly rows: number;
}

const NATURAL = [1, Number.MAX_SAFE_INTEGER] as const;

/** Adds `bsnn trace`. */
export function addTrace(program: Command, terminal: Terminal): void {
  const command = program
    .command('trace')
    .summary('draw the spikes and membranes of one layer for one image')
    .description(
      'Runs one image step by step and draws one layer: which neurons spike when, and the membranes of a few of them. FILE.npy gets all spikes of the layer instead, as bytes [step][channel][y][x].',
    );
  addModel(command)
    .requiredOption('--layer <name>', 'a layer of neurons: its name, or a part of it')
    .requiredOption('--out <file>', 'FILE.png, FILE.svg or FILE.npy')
    .addOption(new Option('--image <i>', 'index of the image').default(0).argParser(integer([0, NATURAL[1]])))
    .option('--neuron <name>', 'bistable, bistable-no-sn, if, burst:γ or phase', 'bistable')
    .addOption(new Option('--timesteps <t>', 'steps from the image’s onset (default: three words)').argParser(integer([1, 65_535])))
    .addOption(new Option('--rows <n>', 'neurons in the picture').default(60).argParser(integer([1, 1000])));
  addRunning(addConversion(command)).action((model: string, options: TraceCommandOptions) => runTrace(model, options, terminal));
}

async function runTrace(model: string, options: TraceCommandOptions, terminal: Terminal): Promise<void> {
  const { dataset: spec, out, rows, adapter, verbose: _, ...traceOptions } = options;
  const write = writerOf(out);
  checkWritable(out, '--out');
  const dataset = await openDataSet(spec);
  const device = await openAdapter(adapter);
  try {
    const found = await trace(device, model, dataset, traceOptions);
    const content = await write(found, rows);
    writeOutput(out, () => content, '--out');
    terminal.out(`${describe(found)}\n`);
  } finally {
    device.dispose();
  }
}

type Writer = (trace: LayerTrace, rows: number) => Promise<string | Uint8Array>;

const WRITERS: Readonly<Record<string, Writer>> = {
  svg: (found, rows) => renderSvg(rasterChart(pictureOf(found, rows))),
  png: async (found, rows) => renderPng(await renderSvg(rasterChart(pictureOf(found, rows)))),
  npy: async ({ spikes, timesteps, shape }) => npyFile(spikes, [timesteps, shape.channels, shape.height, shape.width]),
};

/** @throws OptionError for a file of another kind */
function writerOf(path: string): Writer {
  const writer = WRITERS[/\.(\w+)$/.exec(path)?.[1] ?? ''];
  if (writer) return writer;
  throw new OptionError('output-kind', `--out ${path}`, 'is of no known kind', 'name a file that ends in .png, .svg or .npy');
}

/** Spikes, and how many of them are of neurons that the trained network has at 0. */
function describe({ layer, spikes, activations, timesteps }: LayerTrace): string {
  const size = activations.length;
  const spiked = new Uint8Array(size);
  let count = 0;
  spikes.forEach((s, i) => {
    count += s;
    if (s > 0) spiked[i % size] = 1;
  });
  const of = (test: (i: number) => boolean) => whole(activations.reduce((n, _, i) => n + (test(i) ? 1 : 0), 0));
  return [
    `layer "${layer}", ${whole(timesteps)} steps: ${whole(count)} spikes of ${of((i) => spiked[i] === 1)} neurons (of ${whole(size)});`,
    `${of((i) => spiked[i] === 1 && activations[i] === 0)} of these have no activation in the trained network (SIN)`,
  ].join('\n');
}

/** Traces that are drawn with their membranes. */
const TRACES = 4;

/**
 * The picture: neurons evenly spread over the layer, ordered by activation (a SIN neuron has none), so that as many of them are
 * active as in the layer; and membranes of three active neurons and, where there is one, a SIN neuron.
 */
export function pictureOf(found: LayerTrace, rows: number): RasterPicture {
  const { activations, spikes, timesteps, windows, shape } = found;
  const size = activations.length;
  const from = windows.length === 0 ? 0 : windows[0].start;
  const spiked = Array.from({ length: size }, (_, i) => {
    for (let step = 0; step < timesteps; step++) if (spikes[step * size + i] > 0) return true;
    return false;
  });
  const order = Array.from({ length: size }, (_, i) => i).sort((a, b) => activations[b] - activations[a] || a - b);
  const shown = spread(order, rows);
  const active = order.filter((i) => activations[i] > 0);
  const inactive = order.filter((i) => activations[i] === 0);
  const sin = inactive.filter((i) => spiked[i]);
  const last = sin.length > 0 ? sin : inactive;
  const traced = [...spread(active, TRACES - 1), ...last.slice(Math.floor(last.length / 2)).slice(0, 1)];
  const of = (i: number): NeuronTrace => neuronTrace(found, i, from);
  return {
    title: `${found.model}, layer ${found.layer}`,
    subtitle: [
      `${found.neuron} neurons, K = ${found.phaseBits}; ${found.dataset}, image ${found.image} (${found.className})`,
      `${whole(shown.length)} of ${whole(size)} neurons (${shape.channels} channels of ${shape.height} × ${shape.width}); dashed: activation of the trained network`,
    ],
    from,
    to: timesteps,
    windows,
    rows: shown.map(of),
    traces: traced.map(of),
  };
}

/** `count` items of a list, evenly spread. */
const spread = <T>(items: readonly T[], count: number): T[] =>
  items.length <= count
    ? [...items]
    : Array.from({ length: count }, (_, i) => items[Math.floor(((i + 0.5) * items.length) / count)]);

function neuronTrace({ activations, spikes, membranes, timesteps, shape }: LayerTrace, i: number, from: number): NeuronTrace {
  const size = activations.length;
  const area = shape.height * shape.width;
  const place = `channel ${Math.floor(i / area)}, y ${Math.floor((i % area) / shape.width)}, x ${i % shape.width}`;
  const column = (values: ArrayLike<number>) => Array.from({ length: timesteps - from }, (_, t) => values[(from + t) * size + i]);
  const activation = activations[i] > 0 ? `activation ${activations[i].toFixed(3)} λ` : 'no activation';
  return {
    label: `${place}: ${activation}`,
    activation: activations[i],
    spikes: column(spikes),
    membrane: column(membranes),
  };
}
