import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
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

folderTest('makes the file that a link leads to, where there is none yet, and keeps the link', ({ folder }) => {
  mkdirSync(join(folder, 'far'));
  symlinkSync('far/one.json', join(folder, 'one.json'));
  symlinkSync('one.json', join(folder, 'two.json'));
  checkWritable(join(folder, 'two.json'));
  writeJson(join(folder, 'two.json'), 1);
  expect(readFileSync(join(folder, 'far', 'one.json'), 'utf8')).toBe('1\n');
  for (const link of ['one.json', 'two.json']) expect(lstatSync(join(folder, link)).isSymbolicLink()).toBe(true);
});

folderTest('refuses a link that leads to itself', ({ folder }) => {
  symlinkSync('self.json', join(folder, 'self.json'));
  expect(() => checkWritable(join(folder, 'self.json'))).toThrow(/a link that leads nowhere/);
});

it.skipIf(!existsSync('/dev/full'))('says that there is no room', () => {
  checkWritable('/dev/full');
  expect(() => writeJson('/dev/full', 1)).toThrow(OptionError);
  expect(() => writeJson('/dev/full', 1)).toThrow(
    /^--json \/dev\/full: cannot be written \(ENOSPC.*\); choose another file, or make room$/,
  );
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
