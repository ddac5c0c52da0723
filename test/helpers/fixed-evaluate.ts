import { type Ann, areaOf, shapeSize, sourceShape } from '../../src/ann/ann.ts';
import { fixedLayer, fixedPixels, type Grids, roundingOf } from '../../src/ann/fixed.ts';
import { addTerm, pool } from './ann-evaluate.ts';

/**
 * The trained network in integers, in plain loops: what the exact kernels are compared with. All sums are below 2^53, so f64 has them exactly.
 * @param pixels of one image @param mean one a channel; so is `std`
 * @returns integers of the input and of every layer, each [c][y][x]
 */
export function evaluateFixed(
  ann: Ann,
  grids: Grids,
  pixels: Uint8Array,
  { mean, std }: { readonly mean: readonly number[]; readonly std: readonly number[] },
): Float64Array[] {
  const table = fixedPixels(grids[0], mean, std);
  const area = areaOf(ann.input);
  const outputs: Float64Array[] = [Float64Array.from(pixels, (p, i) => table[Math.floor(i / area) * 256 + p])];
  ann.layers.forEach((layer, l) => {
    if (layer.kind === 'pool') {
      outputs.push(pool(layer, outputs[layer.source + 1], sourceShape(ann, layer.source), (mean) => Math.floor(mean + 0.5)));
      return;
    }
    const { shape, kind, terms } = layer;
    const fixed = fixedLayer(ann, layer, grids);
    const { shift, limit } = roundingOf(fixed, grids[l + 1]);
    const sums = Float64Array.from({ length: shapeSize(shape) }, (_, i) => fixed.bias[Math.floor(i / areaOf(shape))]);
    terms.forEach(({ operator, source }, t) => {
      addTerm({ ...operator, weights: fixed.weights[t] }, outputs[source + 1], sourceShape(ann, source), sums, shape);
    });
    const rounded = sums.map((sum, i) => {
      const o = Math.floor(i / areaOf(shape));
      return Math.min(Math.floor(sum / 2 ** shift[o] + 0.5), limit[o]);
    });
    outputs.push(kind === 'readout' ? rounded : rounded.map((v) => Math.max(v, 0)));
  });
  return outputs;
}
