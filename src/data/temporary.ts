import { createHash, randomUUID } from 'node:crypto';
import { lstatSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

// What is made beside a file whose place it then takes. Its name says which process makes it, so that what a killed one has left can be
// told from what others are still at work on.

/** Where process numbers mean something: this machine, and on Linux this space of processes, of which a container has its own. */
function placeOfProcesses(): string {
  let space = '';
  try {
    space = readlinkSync('/proc/self/ns/pid');
  } catch {}
  return createHash('sha256').update(`${hostname()} ${space}`).digest('hex').slice(0, 12);
}

/** A name that nobody can have foreseen, so that no link waits there. */
export const temporaryName = (): string => `.bsnn-${placeOfProcesses()}-${process.pid}-${randomUUID()}`;

const NAME = /^\.bsnn-([0-9a-f]{12})-(\d+)-[0-9a-f-]{36}$/;

/**
 * Removes from a folder what processes of this machine have left there that are no more: files and folders of this user alone, never a
 * link. What cannot be removed stays.
 */
export function removeLeftovers(folder: string): void {
  const here = placeOfProcesses();
  for (const name of namesIn(folder)) {
    const [, place, pid] = NAME.exec(name) ?? [];
    if (place !== here || isAlive(Number(pid))) continue;
    try {
      const path = join(folder, name);
      const found = lstatSync(path);
      const isOurs = process.getuid === undefined || found.uid === process.getuid();
      if (isOurs && (found.isFile() || found.isDirectory())) rmSync(path, { recursive: true, force: true });
    } catch {}
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
