import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withoutKnown } from '../../src/gpu/quiet.ts';
import { type Compiled, compile } from '../helpers/compiled.ts';
import { describeOnDevice, device } from '../helpers/device.ts';

device?.dispose();

const WARNING =
  'Warning: maxDynamicUniformBuffersPerPipelineLayout artificially reduced from 1000000 to 16 to fit dynamic offset allocation limit.';
const STORAGE = WARNING.replace('Uniform', 'Storage');
const WAYLAND = 'error: XDG_RUNTIME_DIR is invalid or not set in the environment.';

describe('withoutKnown', () => {
  const filtered = (text: string) => withoutKnown(Buffer.from(text, 'latin1')).toString('latin1');

  it.each([
    ['the known lines', `${WARNING}\n${STORAGE}\n${WAYLAND}\n`, ''],
    ['a known line without its end', WARNING, ''],
    ['known among unknown', `a\n${WARNING}\n\nb`, 'a\n\nb'],
    ['a known line within a longer one', `x ${WARNING}\n`, `x ${WARNING}\n`],
    ['another warning', 'Warning: another\n', 'Warning: another\n'],
    ['bytes that are no text', '\xff\x00\xc3\r\n\x80', '\xff\x00\xc3\r\n\x80'],
    ['nothing', '', ''],
  ])('%s', (_, text, left) => {
    expect(filtered(text)).toBe(left);
  });
});

const isLinux = process.platform === 'linux';
const hasScript = isLinux && spawnSync('script', ['--version']).status === 0;
if (!isLinux) console.log('skipped: the standard error is held back on Linux alone');
else if (!hasScript) console.log('skipped: no terminal to test on, since the command "script" is not there');

let compiled: Compiled;
let program: string;
beforeAll(() => {
  compiled = compile();
});
afterAll(() => compiled.remove());

/** Writes as native code does: to descriptor 2, by a process that inherits it. Takes what it is to do as arguments. */
const PROGRAM = `
import { execFileSync } from 'node:child_process';
import { fstatSync, writeSync } from 'node:fs';
import { isMainThread, Worker } from 'node:worker_threads';
import { quietly } from './gpu/quiet.js';
const native = (text) => execFileSync('printf', ['%s', text], { stdio: ['ignore', 2, 2] });
const does = (what) => process.argv.includes(what);
if (does('worker')) {
  if (isMainThread) new Worker(new URL(import.meta.url), { argv: ['worker'] }).once('exit', process.exit);
  else quietly(() => native('${WARNING}\\n'));
  await new Promise(() => {});
}
if (does('used')) process.stderr.write('[used]');
if (does('stdout')) process.stdout.write('[out]');
writeSync(2, '[before]');
const kind = fstatSync(2).ino;
for (let i = 0; i < (does('twice') ? 2 : 1); i++) {
  try {
    const result = quietly(() => {
      native('${WARNING}\\n');
      native('[native]');
      if (does('much')) writeSync(2, 'x'.repeat(300_000));
      if (does('throw')) throw new Error('thrown');
      return 7;
    });
    if (result !== 7) writeSync(2, '[wrong result]');
  } catch (error) {
    writeSync(2, '[' + error.message + ']');
  }
}
if (fstatSync(2).ino !== kind) writeSync(2, '[another file]');
if (does('stdout')) process.stdout.write('[out]');
writeSync(2, '[after]');
native('[child]');
process.stderr.write('[stream]');
console.error('[console]');
`;

/** What a shell command prints on its standard output; `$P` is the program. */
const shell = (command: string): string => {
  const env = { ...process.env, P: `${process.execPath} ${program}` };
  const { stdout, stderr, error } = spawnSync('bash', ['-c', command], {
    encoding: 'utf8',
    env,
    timeout: 60_000,
    maxBuffer: 2 ** 24,
  });
  expect(error).toBeUndefined();
  expect(stderr).toBe('');
  return stdout;
};

const AFTER = '[after][child][stream][console]\n';
const QUIET = `[before][native]${AFTER}`;
const LOUD = `[before]${WARNING}\n[native]${AFTER}`;

describe.runIf(isLinux)('quietly', () => {
  beforeAll(() => {
    program = join(compiled.dist, 'quiet-program.js');
    writeFileSync(program, PROGRAM);
  });

  it.each([
    ['a pipe', '$P 2>&1 >/dev/null | cat', QUIET],
    ['a pipe, twice', '$P twice 2>&1 >/dev/null | cat', `[before][native][native]${AFTER}`],
    ['a pipe that the standard output shares', '$P used stdout 2>&1 | cat', `[used][out][before][native][out]${AFTER}`],
    ['a pipe, and an error', '$P throw 2>&1 >/dev/null | cat', `[before][native][thrown]${AFTER}`],
    [
      'a pipe to a slow reader, and more than it holds',
      '$P much 2>&1 >/dev/null | (sleep 0.5; cat) | wc -c',
      `${QUIET.length + 300_000}\n`,
    ],
    ['a pipe whose reader goes', '$P much 2> >(head -c 3 >/dev/null) >/dev/null; echo $?', /^(0|1|141)\n$/],
    ['nothing', '$P 2>/dev/null; echo $?', '0\n'],
    ['a closed one', '$P 2>&-; echo $?', '0\n'],
    ['a pipe, where no file can be made', 'TMPDIR=/no/such $P 2>&1 >/dev/null | cat', LOUD],
    ['a pipe, in a worker', '$P worker 2>&1 >/dev/null | cat', `${WARNING}\n`],
    ['a closed standard input', '$P 2>&1 <&- >/dev/null | cat', QUIET],
  ])('%s', (_, command, printed) => {
    if (typeof printed === 'string') expect(shell(command)).toBe(printed);
    else expect(shell(command)).toMatch(printed);
  });

  it('a pipe of its own that Node has made non-blocking stays as it is, and so do the warnings', () => {
    expect(shell('$P used 2>&1 >/dev/null | cat')).toBe(`[used]${LOUD}`);
  });

  it('a socket stays as it is', async () => {
    const child = spawn(process.execPath, [program], { stdio: ['ignore', 'ignore', 'pipe'] });
    let text = '';
    child.stderr.on('data', (data) => {
      text += data;
    });
    await new Promise((resolve) => child.once('close', resolve));
    expect(text).toBe(LOUD);
  });

  it.each([
    ['appended to', '>>', 'old\n', `old\n${QUIET}shell\n`],
    ['appended to, with the stream in use', '>>', 'old\n', `old\n[used]${QUIET}shell\n`, 'used'],
    ['overwritten: others go on from its offset, so that it stays as it is', '>', 'old\n', `${LOUD}shell\n`],
  ])('a file that is %s', (_, redirection, old, content, what = '') => {
    const file = join(compiled.dist, 'log');
    writeFileSync(file, old);
    shell(`{ $P ${what} 2>&2; echo shell >&2; } 2${redirection}${file}`);
    expect(readFileSync(file, 'utf8')).toBe(content);
  });

  it('a file with the standard output in it loses nothing', () => {
    const file = join(compiled.dist, 'both');
    shell(`{ $P stdout; echo shell; } >${file} 2>&1`);
    expect(readFileSync(file, 'utf8')).toBe(`[out][before]${WARNING}\n[native][out]${AFTER}shell\n`);
  });

  it.runIf(hasScript).each([
    ['a terminal', '', QUIET],
    ['a terminal, with the stream in use', 'used', `[used]${QUIET}`],
    ['a terminal, twice', 'twice', `[before][native][native]${AFTER}`],
  ])('%s', (_, what, printed) => {
    expect(shell(`script -qec "$P ${what}" /dev/null </dev/null`).replaceAll('\r', '')).toBe(printed);
  });
});

describeOnDevice('the command on a device', () => {
  beforeAll(() => {
    program = join(compiled.dist, 'cli/main.js');
  });

  it.runIf(isLinux)('prints nothing but its own text: doctor, to a pipe', () => {
    expect(shell('$P doctor 2>&1 >/dev/null | cat')).toBe('');
  });

  it.runIf(hasScript)('prints nothing but its own text: doctor, on a terminal', () => {
    expect(shell('script -qec "$P doctor" /dev/null </dev/null')).not.toMatch(/warning|error/i);
  });

  it.runIf(isLinux)('the message of an error comes through', () => {
    const printed = shell('$P doctor --adapter nonsense 2>&1 >/dev/null | cat');
    expect(printed).toMatch(/^bsnn: WebGPU: /);
    expect(printed).not.toContain('Warning: max');
  });
});
