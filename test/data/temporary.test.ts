import { spawn, spawnSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { removeLeftovers, temporaryName } from '../../src/data/temporary.ts';
import { folderTest } from './temporary-folder.ts';

/** The number of a process that is no more. */
const gone = (): number => spawnSync(process.execPath, ['--version']).pid;
/** A name as another process would have it. */
const nameOf = (pid: number): string => temporaryName().replace(`-${process.pid}-`, `-${pid}-`);

folderTest('removes what processes have left that are no more', ({ folder }) => {
  const [file, inside] = [nameOf(gone()), nameOf(gone())];
  writeFileSync(join(folder, file), 'half');
  mkdirSync(join(folder, inside));
  writeFileSync(join(folder, inside, 'output'), 'half');
  removeLeftovers(folder);
  expect(readdirSync(folder)).toEqual([]);
});

folderTest('leaves what others are at work on, or is not theirs', ({ folder }) => {
  const running = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)']);
  try {
    const dead = nameOf(gone());
    const elsewhere = dead.replace(/^\.bsnn-./, (start) => `.bsnn-${start.endsWith('0') ? '1' : '0'}`);
    const kept = [temporaryName(), nameOf(running.pid as number), elsewhere, `${dead}.json`, '.bsnn-123.tmp', 'result.json'];
    for (const name of kept) writeFileSync(join(folder, name), '');
    removeLeftovers(folder);
    expect(readdirSync(folder).sort()).toEqual(kept.sort());
  } finally {
    running.kill();
  }
});

folderTest('follows no link, and takes none away', ({ folder }) => {
  const [target, link] = [join(folder, 'target'), join(folder, nameOf(gone()))];
  mkdirSync(target);
  writeFileSync(join(target, 'file'), '');
  symlinkSync(target, link);
  removeLeftovers(folder);
  expect(readdirSync(target)).toEqual(['file']);
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
});

folderTest('a folder that is not there has nothing in it', ({ folder }) => {
  removeLeftovers(join(folder, 'missing'));
});
