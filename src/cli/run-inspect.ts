import { isNetworkFile, readNetworkFile } from '../data/network-file.ts';
import { readSidecar } from '../data/sidecar.ts';
import { type Inspection, type InspectOptions, inspectSaved, inspectTrained } from '../evaluate/inspect.ts';
import { importWithGraph } from '../onnx/import.ts';
import { checkWritable, formatJson, STANDARD_OUTPUT, writeJson } from './json-file.ts';
import { given } from './open-inputs.ts';
import { formatInspection } from './print-inspection.ts';
import type { Terminal } from './terminal.ts';

/** What the command line gives. */
export interface InspectCommandOptions extends InspectOptions {
  readonly json?: string;
  readonly output?: string;
}

/** Runs `bsnn inspect`. */
export async function runInspect(model: string, { json, ...options }: InspectCommandOptions, terminal: Terminal): Promise<void> {
  if (json !== undefined && json !== STANDARD_OUTPUT) checkWritable(json);
  const found = await inspectFile(model, options);
  if (json === STANDARD_OUTPUT) return terminal.out(formatJson(found));
  if (json !== undefined) writeJson(json, found);
  terminal.out(formatInspection(found, terminal.color));
}

async function inspectFile(path: string, { output, ...options }: Omit<InspectCommandOptions, 'json'>): Promise<Inspection> {
  if (await isNetworkFile(path)) return inspectSaved(await readNetworkFile(path), options);
  const sidecar = await readSidecar(path);
  const { ann, graph } = await importWithGraph(path, given({ output }));
  return inspectTrained(ann, graph, sidecar, options);
}
