import { type Command, InvalidArgumentError, Option } from 'commander';
import { openDataSet } from '../data/open.ts';
import { OptionError } from '../errors.ts';
import { type CompareOptions, compare, TIMESTEPS } from '../evaluate/compare.ts';
import { COMPARED, neuronOf } from '../evaluate/compared-neuron.ts';
import type { Comparison } from '../evaluate/comparison.ts';
import { comparisonChart } from '../plot/comparison.ts';
import { renderPng, renderSvg } from '../plot/render.ts';
import { integer, integerOption } from './arguments.ts';
import { checkWritable, formatJson, STANDARD_OUTPUT, writeJson, writeOutput } from './json-file.ts';
import { addConversion, addModel, addRunning, openAdapter, type RunningOptions } from './model-options.ts';
import { whole } from './print.ts';
import { formatComparison } from './print-comparison.ts';
import { progressBar } from './progress.ts';
import type { Terminal } from './terminal.ts';

interface CompareCommandOptions extends CompareOptions, RunningOptions {
  readonly json?: string;
  readonly quiet?: boolean;
  readonly plot?: string;
}

/** Adds `bsnn compare`. */
export function addCompare(program: Command, terminal: Terminal): void {
  const command = program
    .command('compare')
    .summary('compare kinds of spiking neurons on one network')
    .description(
      'Runs one network with several kinds of neurons, step by step, and compares accuracy, spikes of inactivated neurons (SIN) and work over time.',
    );
  addModel(command)
    .addOption(
      new Option('--neurons <a,b,…>', 'if, burst:γ, phase, bistable, bistable-no-sn (without synchronous neurons)')
        .default([...COMPARED], COMPARED.join(','))
        .argParser(neurons),
    )
    .addOption(
      new Option('--timesteps <a,b,…>', 'steps from the image’s onset at which they are compared')
        .default([...TIMESTEPS], TIMESTEPS.join(','))
        .argParser(timesteps),
    )
    .addOption(integerOption('--limit <n>', 'limit', 'images at most (default: all)'))
    .addOption(integerOption('--offset <n>', 'offset', 'the first image'))
    .addOption(integerOption('--batch <n>', 'batch', 'images at once, at most'));
  addRunning(
    addConversion(command)
      .option('--plot <file>', 'draw accuracy and SIN over time: FILE.svg or FILE.png')
      .option('--json <file>', 'write all figures there; "-": to the standard output, and nothing else')
      .option('--quiet', 'no progress bar'),
  ).action((model: string, options: CompareCommandOptions) => runCompare(model, options, terminal));
}

/** Neurons separated by commas. */
function neurons(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  try {
    names.forEach(neuronOf);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
  return [...new Set(names)];
}

/** Steps separated by commas, in any order. */
const timesteps = (text: string): number[] =>
  [...new Set(text.split(',').map((part) => integer([1, 65_535])(part.trim())))].sort((a, b) => a - b);

async function runCompare(model: string, options: CompareCommandOptions, terminal: Terminal): Promise<void> {
  const { dataset: spec, json, plot, quiet = false, adapter, verbose: _, ...compareOptions } = options;
  if (json !== undefined && json !== STANDARD_OUTPUT) checkWritable(json);
  if (plot !== undefined) checkPlot(plot);
  const dataset = await openDataSet(spec);
  const device = await openAdapter(adapter);
  const bar = progressBar(quiet ? null : terminal.progress);
  try {
    const found = await compare(device, model, dataset, compareOptions, bar.show);
    bar.stop();
    if (plot !== undefined) {
      const picture = await draw(found, plot);
      writeOutput(plot, () => picture, '--plot');
    }
    if (json === STANDARD_OUTPUT) return terminal.out(formatJson(found));
    if (json !== undefined) writeJson(json, found);
    terminal.out(formatComparison(found, terminal.color));
  } finally {
    bar.stop();
    device.dispose();
  }
}

/** @throws OptionError where no picture can be written there */
function checkPlot(path: string): void {
  checkWritable(path, '--plot');
  if (/\.(svg|png)$/.test(path)) return;
  throw new OptionError('output-kind', `--plot ${path}`, 'is of no known kind', 'name a file that ends in .svg or .png');
}

async function draw(found: Comparison, path: string): Promise<string | Uint8Array> {
  const { model, dataset, images, phaseBits, ann, rows } = found;
  const svg = await renderSvg(
    comparisonChart({
      title: `${model} on ${dataset}`,
      subtitle: `${whole(images)} images, K = ${phaseBits}`,
      annTop1: ann.top1,
      points: rows,
    }),
  );
  return path.endsWith('.png') ? renderPng(svg) : svg;
}
