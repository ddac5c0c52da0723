import { randomUUID } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isatty } from 'node:tty';
import { isMainThread } from 'node:worker_threads';

// Native code writes its warnings to descriptor 2, past process.stderr. Node has no dup2, but what is opened gets the lowest free
// descriptor: with 0 and 1 in use, whatever is opened right after 2 was closed is the new 2. On Linux, opening /proc/self/fd/N opens
// once more what N is, with flags and an offset of its own. So descriptor 2 is a file for a while, and then what it was before.

const { O_APPEND, O_NOCTTY, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = constants;
const STDOUT = 1;
const STDERR = 2;

/** Lines that native code prints whenever an adapter is asked for, and that say nothing to the user: Dawn's, and Wayland's library's. */
const KNOWN: readonly RegExp[] = [
  /^Warning: maxDynamic(Uniform|Storage)BuffersPerPipelineLayout artificially reduced from \d+ to \d+ to fit dynamic offset allocation limit\.$/,
  /^error: XDG_RUNTIME_DIR (is invalid or )?not set in the environment\.$/,
];

/**
 * Runs `work`, holds back what is written to descriptor 2 until it returns, and then writes that there without the known warnings.
 * What a promise of `work` does later is not held back. Where descriptor 2 cannot be put back just as it was, `work` runs and no more.
 * Should the process die within `work`, what was held back is lost.
 * @returns what `work` returns; throws what it throws
 */
export function quietly<T>(work: () => T): T {
  const held = divert();
  if (held === null) return work();
  try {
    return work();
  } finally {
    writeAll(withoutKnown(restore(held)));
  }
}

/** The text without the lines that are known, every other byte as it is. */
export function withoutKnown(text: Buffer): Buffer {
  const lines = text.toString('latin1').split(/(?<=\n)/);
  const kept = lines.filter((line) => !KNOWN.some((known) => known.test(line.replace(/\n$/, ''))));
  return Buffer.from(kept.join(''), 'latin1');
}

/** Descriptors while 2 is a file: what 2 was, how it is opened again, the file, and all that must be closed. */
interface Held {
  readonly real: number;
  readonly flags: number;
  readonly spool: number;
  readonly opened: readonly number[];
}

/** Makes descriptor 2 a file. Null, with nothing changed, where it cannot be put back just as it was. */
function divert(): Held | null {
  const held = prepare();
  if (held === null) return null;
  if (put(again(held.spool), O_WRONLY | O_APPEND)) return held;
  openAsStderr(again(held.real), held.flags);
  held.opened.forEach(tryClose);
  return null;
}

/** Opens all that is needed, and tries what will have to succeed once 2 is closed. */
function prepare(): Held | null {
  const opened: number[] = [];
  const open = (path: string, flags: number): number => {
    opened.push(openSync(path, flags, 0o600));
    return opened[opened.length - 1];
  };
  try {
    const flags = process.platform === 'linux' && isMainThread && !opensFiles() && !isWatched() ? reopeningFlags() : null;
    if (flags === null) return null;
    // A pipe without a reader would let nobody open it for writing: until 2 is back, it has one.
    if (fstatSync(STDERR).isFIFO()) open(again(STDERR), O_RDONLY | O_NONBLOCK);
    const real = open(again(STDERR), flags);
    const path = join(tmpdir(), `bsnn-stderr-${randomUUID()}`);
    const spool = open(path, O_RDWR | constants.O_CREAT | constants.O_EXCL);
    unlinkSync(path);
    closeSync(openSync(again(real), flags));
    closeSync(openSync(again(spool), O_WRONLY | O_APPEND));
    if (Math.min(...opened) > STDERR) return { real, flags, spool, opened };
  } catch {
    // no /proc, no permission, no temporary folder, no reader
  }
  opened.forEach(tryClose);
  return null;
}

/** Puts back what 2 was. @returns what was written meanwhile */
function restore({ real, flags, spool, opened }: Held): Buffer {
  // gone for good (a terminal that hung up): nothing, rather than the next file that is opened
  if (!put(again(real), flags)) openAsStderr('/dev/null', O_WRONLY);
  try {
    const text = Buffer.alloc(fstatSync(spool).size);
    return text.subarray(0, readSync(spool, text, 0, text.length, 0));
  } catch {
    return Buffer.alloc(0);
  } finally {
    opened.forEach(tryClose);
  }
}

/**
 * How descriptor 2 is opened again so that nobody sees a difference; null where that cannot be. The new one has its own offset, and
 * others (the shell, our standard output under `2>&1`) write on with the old one: a file must therefore be in append mode. A pipe that
 * Node made non-blocking must be set back when the process ends, which Node does for the descriptors 0 to 2 that it finds then.
 * Sockets cannot be opened again; for what else there is (/dev/null) there is no need.
 */
function reopeningFlags(): number | null {
  const flags = flagsOf(STDERR);
  const access = flags & (O_WRONLY | O_RDWR);
  if (isatty(STDERR)) return access | O_NOCTTY;
  const kind = fstatSync(STDERR);
  if (kind.isFile()) return flags & O_APPEND ? access | O_APPEND : null;
  if (!kind.isFIFO() || access !== O_WRONLY) return null;
  return flags & O_NONBLOCK && !isStdout(kind) ? null : O_WRONLY;
}

/** Whether the standard output is the same pipe. */
function isStdout({ dev, ino }: { readonly dev: number; readonly ino: number }): boolean {
  const out = fstatSync(STDOUT);
  return out.dev === dev && out.ino === ino;
}

/** Flags of an open descriptor (open(2)). Throws where the system does not tell. */
function flagsOf(fd: number): number {
  const [, octal] = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')) ?? [];
  if (octal === undefined) throw new Error('unknown flags');
  return Number.parseInt(octal, 8);
}

/** Whether an event loop waits for descriptor 2 (a full pipe): it would wait for the old one for ever. */
const isWatched = (): boolean =>
  readdirSync('/proc/self/fdinfo').some((fd) => /^tfd:\s*2\s/m.test(readIfThere(`/proc/self/fdinfo/${fd}`)));

/** Whether another thread of Node's is opening a file, which might become descriptor 2. */
const opensFiles = (): boolean => process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq'));

const again = (fd: number): string => `/proc/self/fd/${fd}`;

/** Closes descriptor 2 and opens `path` in its place. @returns whether it is there */
function put(path: string, flags: number): boolean {
  tryClose(STDERR);
  return openAsStderr(path, flags);
}

/** Opens `path` as descriptor 2, where that is free. */
function openAsStderr(path: string, flags: number): boolean {
  try {
    const fd = openSync(path, flags);
    if (fd !== STDERR) closeSync(fd);
    return fd === STDERR;
  } catch {
    return false;
  }
}

/** Writes to descriptor 2, as native code would have: a reader that is gone is no error. */
function writeAll(text: Buffer): void {
  try {
    for (let done = 0; done < text.length; ) done += writeSync(STDERR, text, done);
  } catch {
    // nobody reads
  }
}

function tryClose(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // was closed
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
