import { randomUUID } from 'node:crypto';
import { accessSync, chmodSync, constants, existsSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { OptionError } from '../errors.ts';
import type { Terminal } from './terminal.ts';

/** `--json -` writes to the standard output. */
export const STANDARD_OUTPUT = '-';

/**
 * Checks, before the work starts, that a file can be written there.
 * @param option whose value the path is
 * @throws OptionError
 */
export function checkWritable(path: string, option = '--json'): void {
  const refuse = (what: string): never => {
    throw new OptionError('output-file', `${option} ${path}`, what, 'choose a file in a folder that can be written to');
  };
  if (existsSync(path)) {
    if (statSync(path).isDirectory()) refuse('is a folder');
    if (!canWrite(path)) refuse('cannot be written');
  }
  const folder = dirname(target(path));
  if (!existsSync(folder) || !statSync(folder).isDirectory()) refuse(`there is no folder ${folder}`);
  if (isReplaceable(path) && !canWrite(folder)) refuse(`folder ${folder} cannot be written`);
}

/** Checks, before the work starts, what `--json` says. @throws OptionError */
export function checkJson(json: string | undefined): void {
  if (json !== undefined && json !== STANDARD_OUTPUT) checkWritable(json);
}

/** Gives what was found: to a file as JSON and to people, or as JSON to the standard output and nothing else. */
export function putFigures(found: unknown, json: string | undefined, terminal: Pick<Terminal, 'out'>, text: () => string): void {
  if (json !== undefined && json !== STANDARD_OUTPUT) writeJson(json, found);
  terminal.out(json === STANDARD_OUTPUT ? formatJson(found) : text());
}

/** Writes a value as JSON; as `writeOutput` does. */
export const writeJson = (path: string, value: unknown): void => writeOutput(path, () => formatJson(value), '--json');

/**
 * Writes a file, whole or not at all: into a file beside it that then takes its place. Through symbolic links; what is
 * no regular file (a pipe, /dev/null) is written as it is. Synchronous, so that an interrupt falls before or after.
 */
export function writeOutput(path: string, content: () => string | Uint8Array, option: string): void {
  try {
    if (isReplaceable(path)) replace(target(path), content());
    else writeFileSync(path, content());
  } catch (cause) {
    const what = `cannot be written (${(cause as Error).message})`;
    throw new OptionError('output-file', `${option} ${path}`, what, 'choose another file', { cause });
  }
}

/** The mode of the file that is replaced; what a new file has where there is none. */
export const modeOf = (file: string): number | undefined => (existsSync(file) ? statSync(file).mode & 0o7777 : undefined);

function replace(file: string, content: string | Uint8Array): void {
  // a name that nobody can have foreseen, so that no link waits there
  const beside = join(dirname(file), `.bsnn-${randomUUID()}.tmp`);
  const mode = modeOf(file);
  try {
    writeFileSync(beside, content, { flag: 'wx' });
    if (mode !== undefined) chmodSync(beside, mode);
    renameSync(beside, file);
  } finally {
    rmSync(beside, { force: true });
  }
}

/** What JSON lets stand though a terminal acts on it; only strings hold such characters. */
const UNSHOWN = /[\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** The text that is written: indented, with a line break at its end; characters that are not `printable` as JSON's escapes. */
export const formatJson = (value: unknown): string =>
  `${JSON.stringify(value, null, 2).replace(UNSHOWN, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`;

/** The file that a path leads to, through symbolic links. */
export const target = (path: string): string => (existsSync(path) ? realpathSync(path) : resolve(path));

/** Whether the path is of a regular file, or of none yet. */
export const isReplaceable = (path: string): boolean => !existsSync(path) || statSync(path).isFile();

function canWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
