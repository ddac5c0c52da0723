import type { Terminal } from '../../src/cli/terminal.ts';

/** A terminal that keeps what is written; no colour, nobody watching. */
export interface CapturedTerminal extends Terminal {
  readonly written: { out: string; err: string };
}

export function capturedTerminal(): CapturedTerminal {
  const written = { out: '', err: '' };
  return {
    written,
    out: (text) => {
      written.out += text;
    },
    err: (text) => {
      written.err += text;
    },
    progress: null,
    color: false,
  };
}
