import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { SUITE_NAMES } from '../../bench/arguments.ts';
import { ROOT } from '../../bench/root.ts';
import { folderTest } from '../data/temporary-folder.ts';

const SCRIPT = join(ROOT, 'bench/on-gpu-host.sh');

folderTest('bench/on-gpu-host.sh without time leaves every phase out, says so, and fails', ({ folder }) => {
  const results = join(folder, 'results');
  const ran = spawnSync('bash', [SCRIPT, results], { encoding: 'utf8', env: { ...process.env, TOTAL_SECONDS: '0' } });
  expect(ran.stderr).toBe('');
  expect(ran.status).toBe(1);
  const phases = ['set-up', 'doctor', 'evaluation', 'ladder', 'kernels', 'network', 'stepped', 'growth', 'peers', 'tests'];
  const left = ran.stdout.split('\n').filter((line) => line.endsWith('left out: no time left'));
  expect(left.map((line) => line.split(' ')[0])).toEqual(phases);
  expect(ran.stdout).toContain(`${phases.length} of the phases not ok; results and log in ${results}`);
  expect(readFileSync(join(results, 'summary.txt'), 'utf8')).toBe(ran.stdout);
  expect(readFileSync(join(results, 'log.txt'), 'utf8')).toContain('=== tests: npx vitest run');
});

folderTest('it runs every suite that npm run bench has; the peaks are part of each', () => {
  const listed = /^suites=\((.*)\)$/m.exec(readFileSync(SCRIPT, 'utf8'))?.[1].split(' ');
  expect(listed).toEqual(SUITE_NAMES.filter((suite) => suite !== 'peak'));
});
