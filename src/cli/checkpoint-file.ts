import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { removeLeftovers } from '../data/temporary.ts';
import { OptionError } from '../errors.ts';
import type { CheckpointStore } from '../evaluate/checkpoint.ts';
import { checkWritable, isReplaceable, target, writeOutput } from './json-file.ts';

/** Milliseconds between two writes, at least … */
const REST_MS = 1_000;
/** … and times what a write took, so that a large network costs a run no more than a twentieth. */
const REST_WRITES = 20;

const OPTION = '--checkpoint';

/** A checkpoint in a file. */
export interface CheckpointFile extends CheckpointStore {
  /** Removes it, and what killed runs have left beside it: the work is done. */
  readonly remove: () => void;
}

/**
 * Checks, before the work starts, that a file can be kept there.
 * @param results where results go, by option
 * @throws OptionError
 */
export function checkpointFile(path: string, results: { readonly [option: string]: string | undefined } = {}): CheckpointFile {
  checkWritable(path, OPTION);
  const refuse = (what: string, cause?: unknown): never => {
    throw new OptionError('output-file', `${OPTION} ${path}`, what, 'choose another file', { cause });
  };
  if (!isReplaceable(path)) refuse('is no regular file');
  for (const [option, file] of Object.entries(results)) {
    if (file !== undefined && target(file) === target(path)) refuse(`is the file of ${option}`);
  }
  let next = 0;
  return {
    name: `${OPTION} ${path}`,
    read: () => {
      try {
        return existsSync(path) ? readFileSync(path, 'utf8') : null;
      } catch (cause) {
        return refuse(`cannot be read (${(cause as Error).message})`, cause);
      }
    },
    due: () => performance.now() >= next,
    write: (text) => {
      const start = performance.now();
      writeOutput(path, () => text, OPTION);
      const end = performance.now();
      next = end + Math.max(REST_MS, REST_WRITES * (end - start));
    },
    remove: () => {
      const file = target(path);
      removeLeftovers(dirname(file));
      rmSync(file, { force: true });
    },
  };
}
