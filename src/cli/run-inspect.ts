import { isNetworkFile, readNetworkFile } from '../data/network-file.ts';
import { readSidecar } from '../data/sidecar.ts';
import { type Inspection, type InspectOptions, inspectSaved, inspectTrained } from '../evaluate/inspect.ts';
import { importWithGraph } from '../onnx/import.ts';
import { checkJson, putFigures } from './json-file.ts';
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
  checkJson(json);
  const found = await inspectFile(model, options);
  putFigures(found, json, terminal, () => formatInspection(found, terminal.color));
}

async function inspectFile(path: string, { output, ...options }: Omit<InspectCommandOptions, 'json'>): Promise<Inspection> {
  if (await isNetworkFile(path)) return inspectSaved(await readNetworkFile(path), options);
  const sidecar = await readSidecar(path);
  const { ann, graph } = await importWithGraph(path, given({ output }));
  return inspectTrained(ann, graph, sidecar, options);
}
