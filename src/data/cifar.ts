import { join } from 'node:path';
import type { Shape } from '../ann/ann.ts';
import { DataSetError } from '../errors.ts';
import { type LabelledSource, pixelsSource } from '../run/source.ts';
import type { DataSet } from './data-set.ts';
import { folderNames, readNames, readRecords } from './read-file.ts';

const SHAPE: Shape = { channels: 3, height: 32, width: 32 };
const PIXELS = SHAPE.channels * SHAPE.height * SHAPE.width;

const CIFAR10_CLASSES = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'] as const;

const CIFAR10_NAMES = 'batches.meta.txt';
const CIFAR100_NAMES = 'fine_label_names.txt';

/** A label byte of a record: what it is called and how many values it has. */
interface LabelByte {
  readonly name: string;
  readonly count: number;
}

/** What a record holds before its 3,072 pixel bytes (1,024 red, green, blue, each row by row). The last label is the class. */
interface RecordLayout {
  readonly labels: readonly LabelByte[];
  readonly remedy: string;
}

const CIFAR10: RecordLayout = {
  labels: [{ name: 'label', count: 10 }],
  remedy: 'take the binary version of CIFAR-10 (test_batch.bin, data_batch_1.bin …; records of 1 + 3072 bytes)',
};

const CIFAR100: RecordLayout = {
  labels: [
    { name: 'coarse label', count: 20 },
    { name: 'fine label', count: 100 },
  ],
  remedy: 'take the binary version of CIFAR-100 (test.bin, train.bin; records of 2 + 3072 bytes)',
};

/**
 * CIFAR-10, binary version: `test_batch.bin` to evaluate on; `data_batch_N.bin`, where there are any, in the order of N to train on;
 * class names from `batches.meta.txt`, else the official ones. Mean and standard deviation are the customary ones of the training set.
 * Throws DataSetError by file and record. Layout: A. Krizhevsky, the data set's own page.
 */
export async function openCifar10(folder: string): Promise<DataSet> {
  const files = await folderNames(folder, CIFAR10.remedy);
  const batches = files.filter((name) => /^data_batch_\d+\.bin$/.test(name)).sort((a, b) => batchNumber(a) - batchNumber(b));
  return {
    name: 'cifar10',
    classes: files.includes(CIFAR10_NAMES) ? await readNames(join(folder, CIFAR10_NAMES), 10, CIFAR10.remedy) : CIFAR10_CLASSES,
    mean: [0.4914, 0.4822, 0.4465],
    std: [0.247, 0.2435, 0.2616],
    evaluation: await readImages(folder, ['test_batch.bin'], CIFAR10),
    training: batches.length > 0 ? await readImages(folder, batches, CIFAR10) : null,
  };
}

/**
 * CIFAR-100, binary version, by fine label: `test.bin` to evaluate on; `train.bin`, where there is one, to train on; class names from
 * `fine_label_names.txt`, else "0" … "99". Mean and standard deviation are the customary ones of the training set.
 * Throws DataSetError by file and record. Layout: A. Krizhevsky, the data set's own page.
 */
export async function openCifar100(folder: string): Promise<DataSet> {
  const files = await folderNames(folder, CIFAR100.remedy);
  const numbers = Array.from({ length: 100 }, (_, c) => String(c));
  return {
    name: 'cifar100',
    classes: files.includes(CIFAR100_NAMES) ? await readNames(join(folder, CIFAR100_NAMES), 100, CIFAR100.remedy) : numbers,
    mean: [0.5071, 0.4865, 0.4409],
    std: [0.2673, 0.2564, 0.2762],
    evaluation: await readImages(folder, ['test.bin'], CIFAR100),
    training: files.includes('train.bin') ? await readImages(folder, ['train.bin'], CIFAR100) : null,
  };
}

/** N of data_batch_N.bin. */
const batchNumber = (name: string): number => Number(/\d+/.exec(name)?.[0]);

/** The images of some files, one after the other. */
async function readImages(folder: string, names: readonly string[], layout: RecordLayout): Promise<LabelledSource> {
  const paths = names.map((name) => join(folder, name));
  const recordBytes = layout.labels.length + PIXELS;
  const files: Uint8Array[] = [];
  for (const path of paths) files.push(await readRecords(path, recordBytes, layout.remedy));
  const count = files.reduce((sum, file) => sum + file.length, 0) / recordBytes;
  const pixels = new Uint8Array(count * PIXELS);
  const labels = new Uint16Array(count);
  let image = 0;
  files.forEach((file, f) => {
    for (let start = 0; start < file.length; start += recordBytes, image++) {
      labels[image] = readLabel(file, start, layout, paths[f]);
      pixels.set(file.subarray(start + layout.labels.length, start + recordBytes), image * PIXELS);
    }
  });
  return pixelsSource(pixels, SHAPE, labels);
}

/** The class of the record at `start`; all its label bytes are checked. */
function readLabel(file: Uint8Array, start: number, layout: RecordLayout, path: string): number {
  layout.labels.forEach(({ name, count }, i) => {
    const value = file[start + i];
    if (value < count) return;
    const record = start / (layout.labels.length + PIXELS);
    throw new DataSetError('data-label', `${path}, record ${record}`, `${name} ${value} is not in 0…${count - 1}`, layout.remedy);
  });
  return file[start + layout.labels.length - 1];
}
