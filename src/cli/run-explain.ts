import { type ExplainOptions, explain } from '../evaluate/explain.ts';
import { openAdapter } from './adapter.ts';
import { checkWritable, formatJson, STANDARD_OUTPUT, writeJson } from './json-file.ts';
import type { RunningOptions } from './model-options.ts';
import { openInputs, splitOptions } from './open-inputs.ts';
import { formatExplanation } from './print-explanation.ts';
import { progressBar } from './progress.ts';
import type { Terminal } from './terminal.ts';

export interface ExplainCommandOptions extends Omit<ExplainOptions, 'calibrateOn'>, RunningOptions {
  readonly json?: string;
  readonly quiet?: boolean;
}

/** Runs `bsnn explain`. */
export async function runExplain(model: string, options: ExplainCommandOptions, terminal: Terminal): Promise<void> {
  const { json, quiet = false, adapter, verbose: _, ...rest } = options;
  const [images, explainOptions] = splitOptions(rest);
  if (json !== undefined && json !== STANDARD_OUTPUT) checkWritable(json);
  const bar = progressBar(quiet ? null : terminal.progress);
  const { model: opened, dataset, ...others } = await openInputs(model, images, bar);
  const device = await openAdapter(adapter);
  try {
    const found = await explain(device, opened, dataset, { ...explainOptions, ...others }, bar.show);
    bar.stop();
    if (json === STANDARD_OUTPUT) return terminal.out(formatJson(found));
    if (json !== undefined) writeJson(json, found);
    terminal.out(formatExplanation(found, terminal.color));
  } finally {
    bar.stop();
    device.dispose();
  }
}
