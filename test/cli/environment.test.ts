import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT } from '../../src/errors.ts';
import { type Compiled, compile } from '../helpers/compiled.ts';

// The command where its surroundings fail it: what it writes to, where it stands, whose it is. Each ends with one sentence, or quietly.

let compiled: Compiled;
let folder: string;
beforeAll(() => {
  compiled = compile();
  folder = mkdtempSync(join(tmpdir(), 'bsnn-surroundings-'));
  for (const open of [folder, dirname(compiled.dist)]) chmodSync(open, 0o755);
});
afterAll(() => {
  compiled.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** No adapter is found, so that nothing waits for a device. */
const NO_ADAPTER = { VK_DRIVER_FILES: '/nowhere', VK_ICD_FILENAMES: '/nowhere' };
const MODEL = resolve('datasets/models/mnist-resnet.onnx');

/** Runs a line of the shell, in which $BSNN is the command. */
const inShell = (line: string, options: { readonly uid?: number; readonly env?: NodeJS.ProcessEnv } = {}) =>
  spawnSync('/bin/sh', ['-c', line.replaceAll('$BSNN', `'${process.execPath}' '${join(compiled.dist, 'cli/main.js')}'`)], {
    cwd: folder,
    encoding: 'utf8',
    ...options,
    env: { ...(options.env ?? process.env), ...NO_ADAPTER },
  });

const isPosix = process.platform !== 'win32';
describe.skipIf(!isPosix)('the command', () => {
  it('ends quietly where nobody reads what it prints', () => {
    const { stderr } = inShell('{ sleep 0.2; $BSNN eval --help; echo "ended with $?" >&2; } | :');
    expect(stderr).toBe(`ended with ${EXIT.ok}\n`);
  });

  it.skipIf(!existsSync('/dev/full'))('says that its output has no room', () => {
    const { status, stderr } = inShell('$BSNN eval --help > /dev/full');
    expect([status, stderr]).toEqual([
      EXIT.failure,
      expect.stringMatching(/^bsnn: the standard output cannot be written \(ENOSPC.*\)\n$/),
    ]);
  });

  it('says that the folder that it works in is gone', () => {
    const inGone = (line: string) => inShell(`mkdir gone && cd gone && rmdir ../gone && ${line}`);
    const { status, stderr } = inGone(`$BSNN eval '${MODEL}' --dataset mnist --json result.json`);
    expect([status, stderr]).toEqual([
      EXIT.usage,
      'bsnn: result.json: begins in the working folder, which is not there any more; change to a folder that is there\n',
    ]);
    expect(inGone('$BSNN --version').status).toBe(EXIT.ok);
    const relative = inGone('$BSNN eval model.onnx --dataset mnist');
    expect([relative.status, relative.stderr]).toEqual([EXIT.failure, expect.stringMatching(/^bsnn: model\.onnx: .*; .*\n$/)]);
  });

  it.skipIf(process.getuid?.() !== 0)(
    'runs for a user whom the system does not know (skipped but for root, who alone can become one)',
    ({ skip }) => {
      const nobody = { uid: 54321, env: { PATH: process.env.PATH } };
      if (inShell(`test -r '${compiled.dist}' && test -r '${MODEL}'`, nobody).status !== 0)
        skip('others cannot read this checkout');
      const show = inShell('$BSNN tune-kernels --show', nobody);
      // the driver's own warnings come through
      expect([show.status, show.stderr]).toEqual([EXIT.ok, expect.not.stringMatching(/^bsnn: /m)]);
      expect(show.stdout).toMatch(/^no home folder, so no cache\n/);
      const refused = inShell(`$BSNN eval '${MODEL}' --dataset mnist --json result.json`, nobody);
      expect([refused.status, refused.stderr]).toEqual([
        EXIT.usage,
        expect.stringMatching(/^bsnn: --json result\.json: folder .* cannot be written; .*\n$/),
      ]);
    },
  );

  it('clears away what a killed run has left, at the next', async () => {
    const recording = join(folder, 'killed.mjs');
    writeFileSync(
      recording,
      `import { streamOutput } from ${JSON.stringify(pathToFileURL(join(compiled.dist, 'cli/stream-output.js')).href)};
       await streamOutput('x.npz', '--out', async ({ scratch }) => {
         await (await scratch()).write('half of it');
         console.log('at work');
         await new Promise((done) => setTimeout(done, 60_000));
       });`,
    );
    const child = spawn(process.execPath, [recording], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const left = () => readdirSync(folder).filter((name) => name.startsWith('.bsnn-'));
    expect(left()).toHaveLength(1);
    const next = `import { writeJson } from ${JSON.stringify(pathToFileURL(join(compiled.dist, 'cli/json-file.js')).href)};
      writeJson('y.json', 1);`;
    expect(spawnSync(process.execPath, ['--input-type=module', '-e', next], { cwd: folder }).status).toBe(0);
    expect(left()).toEqual([]);
    expect(readFileSync(join(folder, 'y.json'), 'utf8')).toBe('1\n');
  });
});
