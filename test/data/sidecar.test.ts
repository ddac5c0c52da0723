import { execFileSync } from 'node:child_process';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect } from 'vitest';
import { readSidecar } from '../../src/data/sidecar.ts';
import { folderTest } from './temporary-folder.ts';

folderTest('null where there is none', async ({ folder }) => {
  expect(await readSidecar(join(folder, 'model.onnx'))).toBeNull();
  expect(await readSidecar(join(folder, 'no', 'folder', 'model.onnx'))).toBeNull();
});

folderTest('what is written is what is read', async ({ folder }) => {
  const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((v) => v + 0); // JSON has no -0
  const positive = fc.double({ min: 1e-6, max: 1e6, noNaN: true });
  const scaling = fc.array(fc.tuple(number, positive), { minLength: 1, maxLength: 4 });
  const sidecars = fc.record({ scaling: fc.option(scaling), classes: fc.option(fc.array(fc.string(), { minLength: 1 })) });
  await fc.assert(
    fc.asyncProperty(sidecars, async ({ scaling, classes }) => {
      const sidecar = {
        ...(scaling && { mean: scaling.map((s) => s[0]), std: scaling.map((s) => s[1]) }),
        ...(classes && { classes }),
      };
      await writeFile(join(folder, 'model.v2.json'), JSON.stringify({ ...sidecar, note: 'left alone' }));
      expect(await readSidecar(join(folder, 'model.v2.onnx'))).toEqual(sidecar);
    }),
    { numRuns: 50 },
  );
});

folderTest('a byte order mark is no error', async ({ folder }) => {
  await writeFile(join(folder, 'model.json'), '\uFEFF{"classes": ["a"]}');
  expect(await readSidecar(join(folder, 'model.onnx'))).toEqual({ classes: ['a'] });
});

const REFUSED: ReadonlyArray<readonly [string, string, string]> = [
  ['', 'sidecar-json', ''],
  ['{"mean": [0.5]', 'sidecar-json', ''],
  ['[]', 'sidecar-json', ''],
  ['null', 'sidecar-json', ''],
  ['{"mean": 0.5, "std": [1]}', 'sidecar-field', ', field "mean"'],
  ['{"mean": [], "std": []}', 'sidecar-field', ', field "mean"'],
  ['{"mean": [1e999], "std": [1]}', 'sidecar-field', ', field "mean"'],
  ['{"mean": ["0.5"], "std": [1]}', 'sidecar-field', ', field "mean"'],
  ['{"mean": [0.5], "std": [0]}', 'sidecar-field', ', field "std"'],
  ['{"mean": [0.5], "std": [-1]}', 'sidecar-field', ', field "std"'],
  ['{"mean": [0.5, 0.5], "std": [1]}', 'sidecar-field', ', field "std"'],
  ['{"mean": [0.5]}', 'sidecar-field', ', field "std"'],
  ['{"std": [0.5]}', 'sidecar-field', ', field "std"'],
  ['{"classes": "cat"}', 'sidecar-field', ', field "classes"'],
  ['{"classes": ["cat", 1]}', 'sidecar-field', ', field "classes"'],
  ['{"classes": null}', 'sidecar-field', ', field "classes"'],
];

for (const [text, code, field] of REFUSED) {
  folderTest(`${text || 'an empty file'}: refused`, async ({ folder }) => {
    const path = join(folder, 'model.json');
    await writeFile(path, text);
    await expect(readSidecar(join(folder, 'model.onnx'))).rejects.toMatchObject({
      name: 'ModelFormatError',
      code,
      where: `${path}${field}`,
    });
  });
}

folderTest('a huge (sparse) file is refused by its size, unread', async ({ folder }) => {
  await writeFile(join(folder, 'model.json'), '{}');
  await truncate(join(folder, 'model.json'), 2 ** 30);
  await expect(readSidecar(join(folder, 'model.onnx'))).rejects.toMatchObject({ code: 'sidecar-size' });
});

folderTest('a folder of that name is refused', async ({ folder }) => {
  await mkdir(join(folder, 'model.json'));
  await expect(readSidecar(join(folder, 'model.onnx'))).rejects.toMatchObject({ code: 'sidecar-unreadable' });
});

folderTest('a named pipe is refused at once', async ({ folder }) => {
  execFileSync('mkfifo', [join(folder, 'model.json')]);
  await expect(readSidecar(join(folder, 'model.onnx'))).rejects.toThrow(/model\.json: is not a file/);
});
