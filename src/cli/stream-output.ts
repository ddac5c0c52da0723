import { rmSync } from 'node:fs';
import { chmod, type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode } from '../data/read-file.ts';
import { removeLeftovers, temporaryName } from '../data/temporary.ts';
import { OptionError } from '../errors.ts';
import { isReplaceable, modeOf, target } from './json-file.ts';

/** Where a large output is made: files that are open for reading and writing, empty. They are closed when it is done. */
export interface OutputPlace {
  /** What becomes the output. */
  readonly output: FileHandle;
  /** Another file beside it, for what is not in its place yet. It goes with the rest. */
  readonly scratch: () => Promise<FileHandle>;
}

/**
 * Makes a file that is written bit by bit, whole or not at all: in a folder beside it, from which it then takes its place. The folder
 * goes in any case, also where the process ends in between. Through symbolic links; what is no regular file is written as it is.
 * @param option whose value the path is
 * @throws OptionError where the files cannot be written, and what `make` throws
 */
export async function streamOutput<T>(path: string, option: string, make: (place: OutputPlace) => Promise<T>): Promise<T> {
  const file = target(path);
  const replaces = isReplaceable(path);
  try {
    return await inFolderBeside(replaces ? file : path, async (folder) => {
      const made = replaces ? join(folder, 'output') : file;
      const result = await withFiles(folder, made, make);
      if (!replaces) return result;
      const mode = modeOf(file);
      if (mode !== undefined) await chmod(made, mode);
      await rename(made, file);
      return result;
    });
  } catch (cause) {
    if (systemCode(cause) === null || !isOfFiles(cause)) throw cause;
    const what = `cannot be written (${(cause as Error).message})`;
    throw new OptionError('output-file', `${option} ${path}`, what, 'choose another file, or make room', { cause });
  }
}

/** Errors of the system name the call; those of the library have a code as well. */
const isOfFiles = (cause: unknown): boolean => cause instanceof Error && 'syscall' in cause;

/** Work with a folder of its own beside a file. */
async function inFolderBeside<T>(file: string, work: (folder: string) => Promise<T>): Promise<T> {
  removeLeftovers(dirname(file));
  const folder = join(dirname(file), temporaryName());
  await mkdir(folder, { mode: 0o700 });
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove); // an interrupt ends the process where it is
  try {
    return await work(folder);
  } finally {
    process.off('exit', remove);
    await rm(folder, { recursive: true, force: true });
  }
}

/** Work with files that are closed afterwards. */
async function withFiles<T>(folder: string, output: string, make: (place: OutputPlace) => Promise<T>): Promise<T> {
  const files: FileHandle[] = [];
  const opened = async (path: string, flags: string): Promise<FileHandle> => {
    const file = await open(path, flags);
    files.push(file);
    return file;
  };
  try {
    return await make({ output: await opened(output, 'w'), scratch: () => opened(join(folder, String(files.length)), 'wx+') });
  } finally {
    await Promise.all(files.map((file) => file.close()));
  }
}
