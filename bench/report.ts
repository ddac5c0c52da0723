/** node scripts/run-ts.mjs bench/report.ts: writes docs/performance.md and its figures from bench/results/*.json. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderSvg } from '../src/plot/render.ts';
import { growthRows, memoryChart, rateChart } from './charts.ts';
import { FIGURES, figureFiles, performanceDocument } from './document.ts';
import { modelSection } from './model-text.ts';
import type { BenchResult, StoredResult } from './result.ts';
import { ROOT } from './root.ts';

const folder = join(ROOT, 'bench/results');
const results = readdirSync(folder)
  .filter((name) => name.endsWith('.json') && !/^(peers|architectures)-/.test(name))
  .sort()
  .map((file): StoredResult => {
    const result = JSON.parse(readFileSync(join(folder, file), 'utf8')) as BenchResult;
    return { name: file.replace(/\.json$/, ''), result };
  });

const figures = join(ROOT, 'docs', FIGURES);
mkdirSync(figures, { recursive: true });
for (const { name, result } of results) {
  if (growthRows(result).size === 0) continue;
  const files = figureFiles(name);
  writeFileSync(join(figures, files.rate), await renderSvg(rateChart(result)));
  writeFileSync(join(figures, files.memory), await renderSvg(memoryChart(result)));
}
writeFileSync(join(ROOT, 'docs/performance.md'), performanceDocument(results, modelSection(results)));
