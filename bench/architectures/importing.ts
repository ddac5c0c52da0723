import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What importing takes. */
export interface ImportCost {
  /** Of the processor, all threads together. */
  readonly seconds: number;
  /** By which resident memory grew, at its highest. */
  readonly bytes: number;
}

/** Beside this file, compiled as it is. */
const PROGRAM = fileURLToPath(new URL(`import-program${extname(import.meta.url)}`, import.meta.url));

/** Imports a model in a process of its own, so that nothing else is in the figures. @throws Error where it is refused */
export function measureImport(model: Uint8Array): ImportCost {
  const folder = mkdtempSync(join(tmpdir(), 'bsnn-architecture-'));
  try {
    const file = join(folder, 'model.onnx');
    writeFileSync(file, model);
    return JSON.parse(execFileSync(process.execPath, [PROGRAM, file], { encoding: 'utf8' })) as ImportCost;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
