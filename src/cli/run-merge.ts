import { mergeParts } from '../evaluate/merge-parts.ts';
import { evaluationIn } from './evaluation-in.ts';
import { checkJson, putFigures } from './json-file.ts';
import { formatEvaluation } from './print-evaluation.ts';
import type { Terminal } from './terminal.ts';

export interface MergeOptions {
  readonly json?: string;
}

/** Runs `bsnn merge`. */
export async function runMerge(paths: readonly string[], { json }: MergeOptions, terminal: Terminal): Promise<void> {
  checkJson(json);
  const result = mergeParts(await Promise.all(paths.map(evaluationIn)));
  putFigures(result, json, terminal, () => formatEvaluation(result, terminal.color));
}
