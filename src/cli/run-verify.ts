import { type Verification, verifyEvaluations } from '../evaluate/verify.ts';
import { evaluationIn } from './evaluation-in.ts';
import { checkJson, putFigures } from './json-file.ts';
import { printable, whole } from './print.ts';
import type { Terminal } from './terminal.ts';

export interface VerifyOptions {
  readonly json?: string;
}

/** Runs `bsnn verify`. @returns whether the two are equal */
export async function runVerify(a: string, b: string, { json }: VerifyOptions, terminal: Terminal): Promise<boolean> {
  checkJson(json);
  const found = verifyEvaluations(await evaluationIn(a), await evaluationIn(b));
  putFigures(found, json, terminal, () => formatVerification(found));
  return found.equal;
}

/** A line for each difference, or one that says that there is none. */
export function formatVerification({ equal, images, differences }: Verification): string {
  if (equal) return `equal: every word of ${whole(images)} images, accuracy and spikes\n`;
  return differences.map((one) => `differs: ${printable(one)}\n`).join('');
}
