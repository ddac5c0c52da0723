import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { checkWritable, writeJson } from '../../src/cli/json-file.ts';
import { OptionError } from '../../src/errors.ts';
import { folderTest } from '../data/temporary-folder.ts';

folderTest('writes the whole value and leaves nothing beside it', ({ folder }) => {
  const path = join(folder, 'result.json');
  checkWritable(path);
  writeJson(path, { a: [1, 2] });
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ a: [1, 2] });
  expect(readdirSync(folder)).toEqual(['result.json']);
});

folderTest('replaces a file, through a symbolic link', ({ folder }) => {
  const file = join(folder, 'file.json');
  const link = join(folder, 'link.json');
  writeFileSync(file, 'old');
  symlinkSync(file, link);
  writeJson(link, 1);
  expect(readFileSync(file, 'utf8')).toBe('1\n');
  expect(readdirSync(folder).sort()).toEqual(['file.json', 'link.json']);
});

folderTest('keeps the mode of the file that it replaces; follows no link that waits beside it', ({ folder }) => {
  const [file, victim] = [join(folder, 'file.json'), join(folder, 'victim')];
  for (const path of [file, victim]) writeFileSync(path, 'old');
  chmodSync(file, 0o640);
  symlinkSync(victim, join(folder, `.bsnn-${process.pid}.tmp`));
  writeJson(file, 1);
  expect(statSync(file).mode & 0o777).toBe(0o640);
  expect(readFileSync(victim, 'utf8')).toBe('old');
});

folderTest('leaves the old file whole where the new one cannot be made', ({ folder }) => {
  const file = join(folder, 'file.json');
  writeFileSync(file, 'old');
  const circular: { self?: unknown } = {};
  circular.self = circular;
  expect(() => writeJson(file, circular)).toThrow(OptionError);
  expect(readFileSync(file, 'utf8')).toBe('old');
  expect(readdirSync(folder)).toEqual(['file.json']);
});

folderTest('checks the place before the work', ({ folder }) => {
  mkdirSync(join(folder, 'inside'));
  writeFileSync(join(folder, 'file'), '');
  expect(() => checkWritable(join(folder, 'inside'))).toThrow(/is a folder/);
  expect(() => checkWritable(join(folder, 'missing', 'x.json'))).toThrow(/there is no folder/);
  expect(() => checkWritable(join(folder, 'file', 'x.json'))).toThrow(/there is no folder/);
});
