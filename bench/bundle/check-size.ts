/** node …/bench/bundle/check-size.js FOLDER: what a bundle's files take; exit code 1 where they are more than 50 MiB together. */
import { resolve } from 'node:path';
import { filesOf, oversize } from './size.ts';

const files = filesOf(resolve(process.argv[2]));
for (const [name, bytes] of files) console.log(`${String(bytes).padStart(10)} bytes  ${name}`);
const total = files.reduce((sum, [, bytes]) => sum + bytes, 0);
const fault = oversize(files);
console.log(`${String(total).padStart(10)} bytes in all, ${(total / 2 ** 20).toFixed(1)} MiB`);
if (fault) {
  console.error(fault);
  process.exitCode = 1;
}
