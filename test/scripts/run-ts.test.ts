import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { EXIT } from '../../src/errors.ts';

it('run-ts runs the command as the built one runs: doctor finds what it says of drivers', { timeout: 300e3 }, () => {
  const args = ['scripts/run-ts.mjs', 'src/cli/main.ts', 'doctor', '--adapter', 'no such GPU'];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(stderr).toMatch(/^bsnn: WebGPU: /m);
  expect(status).toBe(EXIT.noAdapter);
});
