import { accessSync, constants, existsSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { OptionError } from '../errors.ts';

/** `--json -` writes to the standard output. */
export const STANDARD_OUTPUT = '-';

/** Checks, before the work starts, that a file can be written there. @throws OptionError */
export function checkWritable(path: string): void {
  const refuse = (what: string): never => {
    throw new OptionError('json-file', `--json ${path}`, what, 'choose a file in a folder that can be written to');
  };
  if (existsSync(path)) {
    if (statSync(path).isDirectory()) refuse('is a folder');
    if (!canWrite(path)) refuse('cannot be written');
  }
  const folder = dirname(target(path));
  if (!existsSync(folder) || !statSync(folder).isDirectory()) refuse(`there is no folder ${folder}`);
  if (isReplaceable(path) && !canWrite(folder)) refuse(`folder ${folder} cannot be written`);
}

/**
 * Writes a value as JSON, whole or not at all: into a file beside it that then takes its place. Through symbolic links; what is
 * no regular file (a pipe, /dev/null) is written as it is. Synchronous, so that an interrupt falls before or after.
 */
export function writeJson(path: string, value: unknown): void {
  try {
    if (isReplaceable(path)) replace(target(path), formatJson(value));
    else writeFileSync(path, formatJson(value));
  } catch (cause) {
    const what = `cannot be written (${(cause as Error).message})`;
    throw new OptionError('json-file', `--json ${path}`, what, 'choose another file', { cause });
  }
}

function replace(file: string, text: string): void {
  const beside = join(dirname(file), `.bsnn-${process.pid}.tmp`);
  try {
    writeFileSync(beside, text);
    renameSync(beside, file);
  } finally {
    rmSync(beside, { force: true });
  }
}

/** The text that is written: indented, with a line break at its end. */
export const formatJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const target = (path: string): string => (existsSync(path) ? realpathSync(path) : resolve(path));

const isReplaceable = (path: string): boolean => !existsSync(path) || statSync(path).isFile();

function canWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
