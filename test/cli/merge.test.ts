import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { checkpointFile } from '../../src/cli/checkpoint-file.ts';
import { run } from '../../src/cli/program.ts';
import { temporaryName } from '../../src/data/temporary.ts';
import { EXIT } from '../../src/errors.ts';
import { wordDigest } from '../../src/evaluate/digest.ts';
import { folderTest } from '../data/temporary-folder.ts';
import { evaluated } from '../evaluate/parts.ts';
import { capturedTerminal } from './captured-terminal.ts';

async function command(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const terminal = capturedTerminal();
  const code = await run(args, terminal);
  return { code, ...terminal.written };
}

/** Files of three parts and of the whole. */
function files(folder: string) {
  const parts = [1, 2, 3].map((index) => join(folder, `part-${index}.json`));
  for (const [i, path] of parts.entries()) writeFileSync(path, JSON.stringify(evaluated({ index: i + 1, of: 3 })));
  const whole = join(folder, 'whole.json');
  writeFileSync(whole, JSON.stringify(evaluated(null)));
  return { parts, whole };
}

folderTest('merge makes the whole of its parts, which verify finds equal', async ({ folder }) => {
  const { parts, whole } = files(folder);
  const merged = join(folder, 'merged.json');
  const { code, out, err } = await command('merge', ...parts.reverse(), '--json', merged);
  expect([code, err]).toEqual([EXIT.ok, '']);
  expect(out).toMatch(/^[\w-]+ on [\w-]+: 313 images\n/);
  expect(out).toContain(`digest      ${evaluated(null).digest?.sha256}\n`);
  const { timing: _, ...found } = JSON.parse(readFileSync(merged, 'utf8'));
  const { timing: __, ...expected } = evaluated(null);
  expect(found).toStrictEqual(expected);
  expect(await command('verify', merged, whole)).toEqual({
    ...{ code: EXIT.ok, err: '' },
    out: 'equal: every word of 313 images, accuracy and spikes\n',
  });
});

folderTest('verify ends with 1 where two differ, and says where', async ({ folder }) => {
  const { whole } = files(folder);
  const other = join(folder, 'other.json');
  const result = evaluated(null);
  const blocks = result.digest!.blocks.with(2, 'f'.repeat(64));
  writeFileSync(other, JSON.stringify({ ...result, digest: { ...result.digest, ...wordDigest(blocks) } }));
  expect(await command('verify', whole, other)).toEqual({
    ...{ code: EXIT.failure, err: '' },
    out: 'differs: words differ from images 228 to 291 on, in 1 of 5 blocks\n',
  });
  const { code, out } = await command('verify', whole, other, '--json', '-');
  expect(code).toBe(EXIT.failure);
  expect(JSON.parse(out)).toMatchObject({ equal: false, firstBlock: [228, 291] });
});

folderTest('what is missing, doubled or no evaluation is wrong usage, and nothing is written', async ({ folder }) => {
  const { parts, whole } = files(folder);
  const json = join(folder, 'merged.json');
  const refused = async (message: RegExp, ...args: string[]) => {
    const { code, out, err } = await command(...args);
    expect([code, out]).toEqual([EXIT.usage, '']);
    expect(err).toMatch(message);
  };
  await refused(/part 3\/3 is missing/, 'merge', parts[0], parts[1], '--json', json);
  await refused(/part-1\.json: is part 1\/3, and so is/, 'merge', ...parts, parts[0], '--json', json);
  await refused(/cannot be read \(ENOENT\)/, 'merge', join(folder, 'nowhere.json'), '--json', json);
  await refused(/is no regular file/, 'verify', folder, whole);
  await refused(/is of part 1\/3 alone/, 'verify', parts[0], whole);
  expect(() => readFileSync(json)).toThrow('ENOENT');
});

folderTest('a checkpoint’s file is written whole, not too often, and removed', async ({ folder }) => {
  const path = join(folder, 'kept');
  const file = checkpointFile(path);
  expect([file.read(), file.due()]).toEqual([null, true]);
  file.write('text');
  expect([file.read(), file.due(), readFileSync(path, 'utf8')]).toEqual(['text', false, 'text']);
  // what a process that is no more was writing when it was killed
  const leftover = join(folder, temporaryName().replace(`-${process.pid}-`, '-99999999-'));
  writeFileSync(leftover, 'half');
  file.remove();
  expect([file.read(), readdirSync(folder)]).toEqual([null, []]);
  expect(() => checkpointFile('/dev/null')).toThrow(/--checkpoint \/dev\/null: is no regular file/);
  expect(() => checkpointFile(folder)).toThrow(/is a folder/);
  expect(() => checkpointFile(path, { '--json': `${folder}/./kept` })).toThrow(/is the file of --json/);
  expect(() => checkpointFile(path, { '--json': undefined, '--out': path })).toThrow(/is the file of --out/);
});

folderTest('a part that is none is refused at once', async () => {
  const { code, err } = await command('eval', 'model.onnx', '--dataset', 'mnist', '--shard', '9/8');
  expect(code).toBe(EXIT.usage);
  expect(err).toContain('Expected I/N, as 3/8, with I from 1 to N.');
});
