/** node scripts/run-ts.mjs bench/report.ts: writes docs/performance.md from bench/results/*.json. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performanceDocument } from './document.ts';
import type { BenchResult } from './result.ts';
import { ROOT } from './root.ts';

const folder = join(ROOT, 'bench/results');
const results = readdirSync(folder)
  .filter((name) => name.endsWith('.json') && !name.startsWith('peers-'))
  .sort()
  .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as BenchResult);
writeFileSync(join(ROOT, 'docs/performance.md'), performanceDocument(results));
