import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { streamOutput } from '../../src/cli/stream-output.ts';
import { OptionError } from '../../src/errors.ts';
import { folderTest } from '../data/temporary-folder.ts';

folderTest('joins what was put aside in the file, and leaves nothing beside it', async ({ folder }) => {
  const path = join(folder, 'x.bin');
  const kept: FileHandle[] = [];
  const result = await streamOutput(path, '--out', async ({ output, scratch }) => {
    const parts = [await scratch(), await scratch()];
    kept.push(output, ...parts);
    await parts[0].write('one ');
    await parts[1].write('two');
    for (const part of parts) {
      const { buffer, bytesRead } = await part.read(Buffer.alloc(10), 0, 10, 0);
      await output.write(buffer, 0, bytesRead);
    }
    expect(readdirSync(folder)).toEqual([expect.stringMatching(/^\.bsnn-/)]);
    return 7;
  });
  expect(result).toBe(7);
  expect(readFileSync(path, 'utf8')).toBe('one two');
  expect(readdirSync(folder)).toEqual(['x.bin']);
  for (const { fd } of kept) expect(fd).toBe(-1);
});

folderTest('replaces a file, through a symbolic link', async ({ folder }) => {
  const [file, link] = [join(folder, 'file'), join(folder, 'link')];
  writeFileSync(file, 'old');
  symlinkSync(file, link);
  await streamOutput(link, '--out', async ({ output }) => void (await output.write('new')));
  expect(readFileSync(file, 'utf8')).toBe('new');
  expect(readdirSync(folder).sort()).toEqual(['file', 'link']);
});

folderTest('leaves the old file whole where the new one cannot be made; the error comes through', async ({ folder }) => {
  const file = join(folder, 'file');
  writeFileSync(file, 'old');
  const made = streamOutput(file, '--out', async ({ output, scratch }) => {
    await (await scratch()).write('part');
    await output.write('part');
    throw new RangeError('no');
  });
  await expect(made).rejects.toThrow(RangeError);
  expect(readFileSync(file, 'utf8')).toBe('old');
  expect(readdirSync(folder)).toEqual(['file']);
});

folderTest('an error of the file system names the option', async ({ folder }) => {
  const missing = join(folder, 'missing', 'x');
  await expect(streamOutput(missing, '--out', async () => {})).rejects.toMatchObject({
    code: 'output-file',
    where: `--out ${missing}`,
  });
  mkdirSync(join(folder, 'inside'));
  await expect(streamOutput(join(folder, 'inside'), '--out', async () => {})).rejects.toThrow(OptionError);
  expect(readdirSync(join(folder, 'inside'))).toEqual([]);
});

folderTest('a pipe or device is written as it is', async ({ folder }) => {
  const link = join(folder, 'link.npz');
  symlinkSync('/dev/null', link);
  await streamOutput(link, '--out', async ({ output, scratch }) => {
    await scratch();
    await output.write('x');
  });
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  expect(readdirSync(folder)).toEqual(['link.npz']);
});

folderTest('nothing stays where the process ends in between', async ({ folder }) => {
  const before = process.listenerCount('exit');
  const made = streamOutput(join(folder, 'x'), '--out', async ({ output, scratch }) => {
    await (await scratch()).write('part');
    await output.write('part');
    for (const listener of process.listeners('exit').slice(before)) listener.call(process, 130);
    expect(readdirSync(folder)).toEqual([]);
  });
  await expect(made).rejects.toMatchObject({ code: 'output-file' }); // what should take its place is gone
  expect(process.listenerCount('exit')).toBe(before);
});
