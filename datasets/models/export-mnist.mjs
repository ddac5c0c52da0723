// Writes the `mnist` data set as the command sees it (same pixels, same split) as four IDX files, for mnist.py.
// Run after `npm run build`: node datasets/models/export-mnist.mjs DIR
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openMnist } from '../../dist/data/mnist.js';

const IDX_BYTES = 0x0800; // element type: unsigned byte; the low byte is the number of dimensions

/** IDX: big-endian magic and sizes, then the bytes. */
function idx(sizes, bytes) {
  const header = Buffer.alloc(4 + 4 * sizes.length);
  header.writeUInt32BE(IDX_BYTES + sizes.length);
  sizes.forEach((size, i) => header.writeUInt32BE(size, 4 + 4 * i));
  return Buffer.concat([header, bytes]);
}

const folder = process.argv[2];
if (!folder) {
  console.error('usage: node datasets/models/export-mnist.mjs DIR');
  process.exit(2);
}
await mkdir(folder, { recursive: true });
const { training, evaluation } = await openMnist();
for (const [name, { count, shape, pixels, labels }] of [
  ['train', training],
  ['evaluation', evaluation],
]) {
  await writeFile(join(folder, `${name}-images.idx`), idx([count, shape.height, shape.width], pixels));
  await writeFile(join(folder, `${name}-labels.idx`), idx([count], Uint8Array.from(labels)));
  console.log(`${name}: ${count} images`);
}
