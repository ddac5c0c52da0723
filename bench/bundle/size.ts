import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes that a bundle may have: what is commonly let through in one go. */
export const MOST_BYTES = 50 * 2 ** 20;

/** The files of a folder with their bytes, the largest last. */
export const filesOf = (folder: string): (readonly [name: string, bytes: number])[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [path.slice(folder.length + 1), statSync(path).size] as const)
    .sort(([, a], [, b]) => a - b);

/** What is wrong with the size of these files; null: nothing. Pure. */
export function oversize(files: readonly (readonly [name: string, bytes: number])[], most = MOST_BYTES): string | null {
  const total = files.reduce((sum, [, bytes]) => sum + bytes, 0);
  if (total <= most) return null;
  const [name, bytes] = files[files.length - 1];
  const mebibytes = (n: number) => (n / 2 ** 20).toFixed(1);
  return `${mebibytes(total)} MiB, more than ${mebibytes(most)}; the largest file is ${name} (${mebibytes(bytes)} MiB)`;
}
