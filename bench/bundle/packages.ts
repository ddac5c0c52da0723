/** node …/bench/bundle/packages.js OUT [digits]: copies the packages that the command, the benches and the tests load into OUT/node_modules. */
import { cpSync, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../root.ts';
import { neededFolders } from './needed.ts';

/** Of the command, … */
const COMMAND = ['@zip.js/zip.js', 'cli-progress', 'commander', 'csv-parse', 'protobufjs', 'webgpu', 'wgsl-preprocessor'];
/** … of benches and tests. Pictures are neither read nor drawn there: sharp and vega, some 30 MiB, stay behind. */
const MEASURING = ['fast-check', 'tinybench', 'vitest', 'wgsl_reflect'];
/** The test runner would load it for style sheets. */
const WITHOUT = ['lightningcss'];
/** What no program reads; licences are kept. */
const UNREAD = /\.(d\.[mc]?ts|map|md|markdown|flow)$|\.min\.js$/i;
const LICENCE = /licen[cs]e/i;
/** Folders that stay behind: binaries for other machines, the same again for browsers. */
const ELSEWHERE = /\/webgpu\/dist\/(?!linux-x64)[^/]+$|\/(mnist|zip\.js)\/dist$/;

const [out, digits] = process.argv.slice(2);
const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
const roots = [...COMMAND, ...MEASURING, ...(digits ? ['mnist'] : [])];
const folders = neededFolders(packages, roots, (folder) => existsSync(join(ROOT, folder)), WITHOUT);

for (const folder of folders) {
  const from = join(ROOT, folder);
  cpSync(from, join(out, folder), {
    recursive: true,
    dereference: true,
    // packages inside this one are copied for themselves
    filter: (path) => {
      if (path.slice(from.length).includes('/node_modules') || ELSEWHERE.test(path)) return false;
      return statSync(path).isDirectory() || !UNREAD.test(path) || LICENCE.test(path);
    },
  });
}
console.log(`${folders.length} packages`);
