/**
 * Files made to take all time or memory of whoever reads them, each given to the command in a process of its own that has little of both:
 * refused by name, or read, within a stated budget. A few in `npm test`, all of them in a soak.
 */

import { spawnSync } from 'node:child_process';
import { createWriteStream, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createGzip, deflateRawSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { npyHeader } from '../../src/data/arrays/npy.ts';
import { type Compiled, compile } from '../helpers/compiled.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { SOAK } from '../helpers/soak.ts';
import { fileOf } from '../network/saved-file.ts';

device?.dispose();

/** JavaScript's own memory that a child has, MiB; and when it is killed. */
const HEAP = 256;
const TIMEOUT = 60_000;

/** The least that the command takes with a sound model and no images to speak of. */
const MODEL = 'datasets/models/mnist-resnet.onnx';

interface Row {
  readonly name: string;
  /** Writes the file or files. @returns the command's arguments */
  readonly make: (folder: string) => string[] | Promise<string[]>;
  /** In the error, or in what is printed where the file is read. */
  readonly says: RegExp;
  readonly isRead?: boolean;
  /** Processor seconds and resident MiB at most, start of the command included (0.3 s, 90 MiB; 5 s, 380 MiB with a software device). */
  readonly seconds: number;
  readonly mebibytes: number;
}

const inspect = (file: string, bytes: Uint8Array | string) => (folder: string) => {
  writeFileSync(join(folder, file), bytes);
  return ['inspect', join(folder, file)];
};

/** Evaluates one image of a data set. */
const evaluate = (spec: string) => ['eval', MODEL, '--limit', '1', '--dataset', spec, '--calibrate-on', 'mnist', '--quiet'];

/** One 0 after another, compressed. */
function zeros(path: string, start: Uint8Array, count: number): Promise<void> {
  const gzip = createGzip();
  const file = gzip.pipe(createWriteStream(path));
  gzip.write(start);
  for (let i = 0; i < count / 2 ** 20; i++) gzip.write(new Uint8Array(2 ** 20));
  gzip.end();
  return new Promise((resolve) => file.once('close', resolve));
}

const idxHeader = (...sizes: number[]) => {
  const header = Buffer.alloc(4 + 4 * sizes.length);
  header.writeUInt32BE(0x800 + sizes.length);
  for (const [i, size] of sizes.entries()) header.writeUInt32BE(size, 4 + 4 * i);
  return header;
};

/** A zip file of one deflated array. @param says the bytes that it announces */
function zipOf(name: string, content: Uint8Array, says: number): Buffer {
  const packed = deflateRawSync(content);
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0);
  common.writeUInt16LE(8, 4);
  common.writeUInt32LE(packed.length, 14);
  common.writeUInt32LE(says, 18);
  common.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), packed]);
  const entry = Buffer.concat([Buffer.from('PK\x01\x02\x14\0', 'latin1'), common, Buffer.alloc(14), Buffer.from(name)]);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(1, 4);
  end.writeUInt16LE(1, 6);
  end.writeUInt32LE(entry.length, 8);
  end.writeUInt32LE(local.length, 12);
  return Buffer.concat([local, entry, Buffer.from('PK\x05\x06'), end]);
}

/** Predicts the class of a picture. */
const predict = (name: string, bytes: Uint8Array) => (folder: string) => {
  writeFileSync(join(folder, name), bytes);
  const options = ['--calibrate-on', 'mnist', '--calibration', '16', '--phase-bits', '2', '--resize', '28', '--channels', '1'];
  return ['predict', MODEL, join(folder, name), ...options, '--quiet'];
};

/** A picture that announces other sizes than it has. */
async function announcing(kind: 'png' | 'gif', width: number, height: number): Promise<Buffer> {
  const bytes = await sharp({ create: { width: 24, height: 24, channels: 3, background: 'red' } })
    .toFormat(kind)
    .toBuffer();
  if (kind === 'gif') {
    for (const at of [6, bytes.indexOf(',\0', 0, 'latin1') + 5]) {
      bytes.writeUInt16LE(width, at);
      bytes.writeUInt16LE(height, at + 2);
    }
    return bytes;
  }
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  return bytes;
}

/** Those of `npm test` first. */
const ROWS: readonly Row[] = [
  {
    name: 'a saved network of brackets',
    make: inspect('m.bsnn', fileOf(`{"__metadata__":${'['.repeat(3e7)}`)),
    says: /brackets within brackets/,
    ...{ seconds: 2, mebibytes: 250 },
  },
  {
    name: 'an IDX file that announces 2^96 bytes',
    make: (folder) => {
      writeFileSync(join(folder, 'x'), idxHeader(2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1));
      return evaluate(`idx:${join(folder, 'x')},${join(folder, 'x')}`);
    },
    says: /announces 4294967295 × 4294967295 × 4294967295 bytes/,
    ...{ seconds: 3, mebibytes: 350 },
  },
  {
    name: 'a gzip of 256 MiB that announces one image',
    make: async (folder) => {
      await zeros(join(folder, 'x.gz'), idxHeader(1, 28, 28), 2 ** 28);
      writeFileSync(join(folder, 'y'), Buffer.concat([idxHeader(1), Buffer.of(0)]));
      return evaluate(`idx:${join(folder, 'x.gz')},${join(folder, 'y')}`);
    },
    says: /goes on after the 784 bytes that its header announces/,
    ...{ seconds: 3, mebibytes: 350 },
  },
  {
    name: 'a saved network whose header would be larger than any memory',
    make: inspect('m.bsnn', Buffer.concat([Buffer.alloc(7, 0xff), Buffer.from('\x7f{"')])),
    says: /its header would have/,
    ...{ seconds: 1, mebibytes: 150 },
  },
  {
    name: 'a model of nothing, 400 MiB of it',
    make: (folder) => {
      writeFileSync(join(folder, 'm.onnx'), '');
      truncateSync(join(folder, 'm.onnx'), 400 * 2 ** 20);
      return ['inspect', join(folder, 'm.onnx')];
    },
    says: /not a whole ONNX model/,
    ...{ seconds: 8, mebibytes: 600 },
  },
  {
    name: 'a sidecar of brackets, 4 MiB',
    make: (folder) => {
      writeFileSync(join(folder, 'm.onnx'), readFileSync(MODEL));
      writeFileSync(join(folder, 'm.json'), '['.repeat(2 ** 22));
      return ['inspect', join(folder, 'm.onnx')];
    },
    says: /m\.json: is not JSON/,
    ...{ seconds: 3, mebibytes: 400 },
  },
  {
    name: 'a compressed array that announces 1 GiB and has 1 KiB',
    make: (folder) => {
      const content = Buffer.concat([npyHeader('|u1', [2 ** 20, 32, 32]), Buffer.alloc(1024)]);
      writeFileSync(join(folder, 'a.npz'), zipOf('x.npy', content, 2 ** 30));
      return evaluate(`npz:${join(folder, 'a.npz')}`);
    },
    says: /announces 1073741824 bytes, \d+ cannot hold them/,
    ...{ seconds: 3, mebibytes: 350 },
  },
  {
    name: 'a PNG that announces 30,000 × 30,000',
    make: async (folder) => predict('a.png', await announcing('png', 30_000, 30_000))(folder),
    says: /has more than the 134217728 pixels/,
    ...{ seconds: 8, mebibytes: 500 },
  },
  {
    name: 'a GIF of some bytes and 65,535 × 2 pixels, to be enlarged: read',
    make: async (folder) => predict('a.gif', await announcing('gif', 65_535, 2))(folder),
    says: /a\.gif/,
    isRead: true,
    ...{ seconds: 8, mebibytes: 500 },
  },
  {
    name: 'a table of one line without an end',
    make: (folder) => {
      writeFileSync(join(folder, 'list.csv'), `"${'a'.repeat(2 ** 26)}`);
      return evaluate(`csv:${join(folder, 'list.csv')}`);
    },
    says: /cannot be read as a table/,
    ...{ seconds: 2, mebibytes: 250 },
  },
  {
    name: 'a device of endless zeros for a model',
    make: () => ['inspect', '/dev/zero'],
    says: /is not a file/,
    ...{ seconds: 1, mebibytes: 150 },
  },
  {
    name: 'a device of endless zeros for a data set',
    make: () => evaluate('npz:/dev/zero'),
    says: /is not a file/,
    ...{ seconds: 3, mebibytes: 350 },
  },
];

/** Writes at the end what the process took. */
const WATCH = `
import { writeFileSync } from 'node:fs';
process.on('exit', () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  writeFileSync(process.env.TAKEN, JSON.stringify({ mebibytes: maxRSS / 1024, seconds: (userCPUTime + systemCPUTime) / 1e6 }));
});
`;

let compiled: Compiled;
let place: string;
beforeAll(() => {
  compiled = compile();
  place = mkdtempSync(join(tmpdir(), 'bsnn-budget-'));
  writeFileSync(join(compiled.dist, 'watch.mjs'), WATCH);
});
afterAll(() => {
  compiled.remove();
  rmSync(place, { recursive: true, force: true });
});

describeOnDevice('budgets', () => {
  describe.runIf(process.platform === 'linux')('within little time and memory', () => {
    it.each(SOAK ? ROWS : ROWS.slice(0, 2))('$name', async ({ name, make, says, isRead, seconds, mebibytes }) => {
      const folder = mkdtempSync(join(place, 'row-'));
      const taken = join(place, 'taken.json');
      const args = await make(folder);
      const watch = pathToFileURL(join(compiled.dist, 'watch.mjs')).href;
      const { status, signal, stdout, stderr } = spawnSync(
        process.execPath,
        [`--max-old-space-size=${HEAP}`, '--import', watch, join(compiled.dist, 'cli/main.js'), ...args],
        { encoding: 'utf8', env: { ...process.env, TAKEN: taken }, timeout: TIMEOUT },
      );
      expect([signal, status], stderr.slice(-2000)).toEqual([null, isRead ? 0 : expect.any(Number)]);
      expect(`${stdout}${stderr}`).toMatch(says);
      expect(`${stdout}${stderr}`.length).toBeLessThan(4000);
      const found = JSON.parse(readFileSync(taken, 'utf8'));
      if (process.env.RUNS) console.log(`| ${name} | ${found.seconds.toFixed(2)} | ${found.mebibytes.toFixed(0)} |`);
      expect(found.seconds).toBeLessThan(seconds);
      expect(found.mebibytes).toBeLessThan(mebibytes);
      rmSync(folder, { recursive: true });
    });
  });
});
