/**
 * node …/bench/bundle/images.js pack CIFAR10 FOLDER: the files of CIFAR-10 (binary version) that an evaluation reads, as bytes that
 * compress well, a `.packed` each; the training images are those that scales are found with. `unpack FOLDER CIFAR10`: the reverse.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULTS } from '../../src/evaluate/options.ts';
import { firstRecords, packRecords, recordsOf, unpackRecords } from './records.ts';

const ENDING = '.packed';
/** Files, and how many of their images are wanted. */
const FILES = [
  ['test_batch.bin', Infinity],
  ['data_batch_1.bin', DEFAULTS.calibration],
] as const;

function pack(from: string, to: string): void {
  for (const [name, wanted] of FILES) {
    if (!existsSync(join(from, name))) continue;
    const records = firstRecords(readFileSync(join(from, name)), wanted);
    writeFileSync(join(to, `${name}${ENDING}`), packRecords(records));
    console.log(`${name}: ${recordsOf(records)} images`);
  }
}

function unpack(from: string, to: string): void {
  for (const file of readdirSync(from).filter((name) => name.endsWith(ENDING))) {
    writeFileSync(join(to, file.slice(0, -ENDING.length)), unpackRecords(readFileSync(join(from, file))));
  }
}

const [verb, from, to] = process.argv.slice(2);
mkdirSync(to, { recursive: true });
(verb === 'pack' ? pack : unpack)(from, to);
