import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  lstatSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { systemCode } from '../data/read-file.ts';
import { removeLeftovers, temporaryName } from '../data/temporary.ts';
import { OptionError, UNPRINTABLE } from '../errors.ts';
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
  const file = target(path);
  if (isLink(file)) refuse('is a link that leads nowhere');
  const folder = dirname(file);
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
    throw new OptionError('output-file', `${option} ${path}`, what, 'choose another file, or make room', { cause });
  }
}

/** The mode of the file that is replaced; what a new file has where there is none. */
export const modeOf = (file: string): number | undefined => (existsSync(file) ? statSync(file).mode & 0o7777 : undefined);

function replace(file: string, content: string | Uint8Array): void {
  removeLeftovers(dirname(file));
  const beside = join(dirname(file), temporaryName());
  const mode = modeOf(file);
  try {
    writeFileSync(beside, content, { flag: 'wx' });
    if (mode !== undefined) chmodSync(beside, mode);
    renameSync(beside, file);
  } finally {
    rmSync(beside, { force: true });
  }
}

/** The text that is written: indented, with a line break at its end; of what is unprintable JSON's own escapes. */
export const formatJson = (value: unknown): string =>
  // the line breaks are those between fields: a string's own are escaped already
  `${JSON.stringify(value, null, 2).replace(UNPRINTABLE, (c) => (c === '\n' ? c : unicodeEscape(c)))}\n`;

const unicodeEscape = (c: string): string => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Links that are followed from one to the next. */
const MOST_LINKS = 40;

/**
 * The file that a path leads to, through symbolic links, whether it is there yet or not.
 * @throws OptionError where the folder that we are in is gone
 */
export function target(path: string): string {
  let file = absolute(path);
  if (existsSync(file)) return realpathSync(file);
  for (let followed = 0; followed < MOST_LINKS && isLink(file); followed++) {
    const folder = dirname(file);
    const from = existsSync(folder) ? realpathSync(folder) : folder;
    file = resolve(from, readlinkSync(join(from, basename(file))));
  }
  return file;
}

function absolute(path: string): string {
  try {
    return resolve(path);
  } catch (cause) {
    if (systemCode(cause) !== 'ENOENT') throw cause;
    const what = 'begins in the working folder, which is not there any more';
    throw new OptionError('output-file', path, what, 'change to a folder that is there', { cause });
  }
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}

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
