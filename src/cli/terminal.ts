import { isatty } from 'node:tty';

const STDERR = 2;

/** Where a command writes. Tests give their own. */
export interface Terminal {
  /** Results. */
  readonly out: (text: string) => void;
  /** Messages. */
  readonly err: (text: string) => void;
  /** Where a progress bar may be drawn; null where nobody watches. */
  readonly progress: NodeJS.WritableStream | null;
  /** Results may be in bold and grey. */
  readonly color: boolean;
}

/**
 * The process's own streams. Colour only on a terminal, and not under NO_COLOR (https://no-color.org). The standard error is not
 * touched before it is used: Node makes a pipe non-blocking then, and WebGPU's warnings could no longer be held back (gpu/quiet.ts).
 */
export function processTerminal(): Terminal {
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    progress: isatty(STDERR) ? process.stderr : null,
    color: process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb',
  };
}
