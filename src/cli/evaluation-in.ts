import { readFile, stat } from 'node:fs/promises';
import { systemCode } from '../data/read-file.ts';
import { BsnnError, OptionError } from '../errors.ts';
import { readEvaluation } from '../evaluate/evaluation-file.ts';
import type { NamedEvaluation } from '../evaluate/merge-parts.ts';

/** More than the digests of a hundred million images take. */
const MAX_BYTES = 2 ** 28;

/** Reads what `eval --json` wrote to a file. @throws OptionError */
export async function evaluationIn(path: string): Promise<NamedEvaluation> {
  const refuse = (what: string, cause?: unknown): never => {
    throw new OptionError('evaluation-file', path, what, 'give what eval --json wrote', { cause });
  };
  try {
    const found = await stat(path);
    if (!found.isFile()) return refuse('is no regular file');
    if (found.size > MAX_BYTES) return refuse(`has ${found.size} bytes, more than the ${MAX_BYTES} that are read`);
    return readEvaluation(await readFile(path, 'utf8'), path);
  } catch (cause) {
    const code = systemCode(cause);
    if (code === null || cause instanceof BsnnError) throw cause;
    return refuse(`cannot be read (${code})`, cause);
  }
}
