/** node …/bench/bundle/trim.js FILE: zeroes what English does not need of the ICU data in a Node binary. */
import { readFileSync, writeFileSync } from 'node:fs';
import { trimIcu } from './icu.ts';

const [path] = process.argv.slice(2);
const file = readFileSync(path);
const zeroed = trimIcu(file);
writeFileSync(path, file);
console.log(`${(zeroed / 1e6).toFixed(1)} MB of other languages left out`);
