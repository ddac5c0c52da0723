import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { entryNames, RecordFile } from '../../src/cli/record-file.ts';
import { formatRecording } from '../../src/cli/run-record.ts';
import { streamOutput } from '../../src/cli/stream-output.ts';
import { elementsOf } from '../../src/data/arrays/npy.ts';
import { openNpyFile } from '../../src/data/arrays/npy-header.ts';
import { openNpzFile } from '../../src/data/arrays/npz.ts';
import type { ImagesRecording, RecordedBatch } from '../../src/evaluate/record.ts';
import { folderTest } from '../data/temporary-folder.ts';
import { inputFigures } from '../helpers/input-figures.ts';

const recording: ImagesRecording = {
  model: 'm',
  dataset: 'd',
  neuron: 'multi:4',
  signed: true,
  phaseBits: 4,
  ...inputFigures(),
  first: 7,
  images: 3,
  timesteps: 2,
  what: ['spikes', 'membranes'],
  layers: [
    { name: '/a/Relu', shape: { channels: 2, height: 1, width: 3 }, units: Float64Array.of(0.5, 0.25) },
    { name: '/a/Relu', shape: { channels: 1, height: 1, width: 1 }, units: Float64Array.of(2) },
  ],
};

const values = (count: number, seed: number) => Int32Array.from({ length: count }, (_, i) => ((i * 31 + seed) % 100) - 50);

/** Two batches: of two images, and of one. */
const batches: RecordedBatch[] = [2, 1].map((images, b) => ({
  first: 7 + 2 * b,
  images,
  labels: Int32Array.from({ length: images }, (_, n) => b * 5 + n),
  layers: [12, 2].map((size, l) => ({ spikes: values(images * size, b + l), membranes: values(images * size, 9 + b + l) })),
}));

describe('names of entries', () => {
  it.each([
    [
      ['/stem', 'stem', '//stem'],
      ['stem', 'stem_2', 'stem_3'],
    ],
    [
      ['a', 'a', 'a_2'],
      ['a', 'a_2', 'a_2_2'],
    ],
    [
      ['', '/', 'x\x00\x1b[1m/y'],
      ['layer', 'layer_2', 'x__[1m/y'],
    ],
    [
      ['n'.repeat(500), 'n'.repeat(300)],
      ['n'.repeat(200), `${'n'.repeat(200)}_2`],
    ],
  ])('%j', (layers, names) => {
    expect(entryNames(layers)).toEqual(names);
  });
});

folderTest('batches come together in one file', async ({ folder }) => {
  const path = join(folder, 'x.npz');
  await streamOutput(path, '--out', async (place) => {
    const file = new RecordFile(place);
    for (const batch of batches) await file.add(batch);
    return file.finish(recording);
  });
  const found: Record<string, unknown> = {};
  for (const { name, file } of await openNpzFile(path)) {
    const { type, shape, data } = await openNpyFile(file);
    found[name] = [type, shape, [...elementsOf(await data.read(0, data.size), type)]];
  }
  const all = (what: 'spikes' | 'membranes', l: number) => batches.flatMap(({ layers }) => [...layers[l][what]!]);
  expect(found).toEqual({
    image: ['<i4', [3], [7, 8, 9]],
    label: ['<i4', [3], [0, 1, 5]],
    timesteps: ['<i4', [], [2]],
    mean: ['<f8', [1], [0.5]],
    std: ['<f8', [1], [0.25]],
    'a/Relu/spikes': ['<i4', [3, 2, 2, 1, 3], all('spikes', 0)],
    'a/Relu/membranes': ['<i4', [3, 2, 2, 1, 3], all('membranes', 0)],
    'a/Relu/unit': ['<f8', [2], [0.5, 0.25]],
    'a/Relu_2/spikes': ['<i4', [3, 2, 1, 1, 1], all('spikes', 1)],
    'a/Relu_2/membranes': ['<i4', [3, 2, 1, 1, 1], all('membranes', 1)],
    'a/Relu_2/unit': ['<f8', [1], [2]],
  });
});

describe('what is said of it', () => {
  const arrays = [
    { name: 'image', type: '<i4', shape: [3] },
    { name: 'timesteps', type: '<i4', shape: [] },
    { name: 'a/Relu/spikes', type: '|u1', shape: [3, 2, 2, 1, 3] },
  ] as const;

  it('the run, the file, its arrays', () => {
    expect(formatRecording('x.npz', recording, arrays, 1_234_567)).toBe(
      [
        'images 7 to 9, 2 steps, neuron multi:4: 2 layers',
        'x.npz: 1.23 MB',
        '  image          int32  3                  12 B',
        '  timesteps      int32  1                   4 B',
        '  a/Relu/spikes  uint8  3 × 2 × 2 × 1 × 3  36 B',
      ].join('\n'),
    );
  });

  it('within 80 columns, whatever the names and sizes', () => {
    const large = { name: 'n'.repeat(300), type: '<i4', shape: [10_000, 65_535, 2048, 224, 224] } as const;
    const text = formatRecording(`/${'folder/'.repeat(30)}x.npz`, { ...recording, images: 10_000 }, [...arrays, large], 1e15);
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });
});
