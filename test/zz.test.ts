import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { shapeSize } from '../src/ann/ann.ts';
import { importOnnx } from '../src/onnx/import.ts';
import { evaluateAnn } from './helpers/ann-evaluate.ts';
import { randomNumbers, runOnnx } from './helpers/onnx-compare.ts';

const folder = '/work/shared/data/import/';
it.each(readdirSync(folder).filter((f) => /^(R49|R61|R48)/.test(f)))('%s', async (f) => {
  const bytes = new Uint8Array(readFileSync(folder + f));
  const ann = await importOnnx(bytes);
  console.log(
    ann.layers.map((l) => [
      l.kind,
      l.name,
      (l as any).bits,
      (l as any).ceiling,
      'terms' in l ? l.terms.map((t) => t.source + t.operator.type) : l.source,
    ]),
  );
  const n = 8;
  const x = randomNumbers(n * shapeSize(ann.input), 1);
  const { channels, height, width } = ann.input;
  const want = await runOnnx(bytes, x, [n, channels, height, width]);
  const got = evaluateAnn(ann, x, n);
  const scale = Math.max(...want.map(Math.abs));
  console.log(f, Math.max(...got.map((v, i) => Math.abs(v - want[i]))) / scale);
});
