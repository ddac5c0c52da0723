import { existsSync, readFileSync, rmSync } from 'node:fs';
import { OptionError } from '../errors.ts';
import type { CheckpointStore } from '../evaluate/checkpoint.ts';
import { checkWritable, isReplaceable, writeOutput } from './json-file.ts';

/** Milliseconds between two writes, at least … */
const REST_MS = 1_000;
/** … and times what a write took, so that a large network costs a run no more than a twentieth. */
const REST_WRITES = 20;

const OPTION = '--checkpoint';

/** A checkpoint in a file. */
export interface CheckpointFile extends CheckpointStore {
  /** Removes it: the work is done. */
  readonly remove: () => void;
}

/** Checks, before the work starts, that a file can be kept there. @throws OptionError */
export function checkpointFile(path: string): CheckpointFile {
  checkWritable(path, OPTION);
  if (!isReplaceable(path)) {
    throw new OptionError('output-file', `${OPTION} ${path}`, 'is no regular file', 'choose another file');
  }
  let next = 0;
  return {
    name: `${OPTION} ${path}`,
    read: () => (existsSync(path) ? readFileSync(path, 'utf8') : null),
    due: () => performance.now() >= next,
    write: (text) => {
      const start = performance.now();
      writeOutput(path, () => text, OPTION);
      const end = performance.now();
      next = end + Math.max(REST_MS, REST_WRITES * (end - start));
    },
    remove: () => rmSync(path, { force: true }),
  };
}
