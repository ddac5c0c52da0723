/** `Ann` on the CPU in plain loops and double precision: what the importer is compared with ONNX Runtime by. */

import {
  type Ann,
  type AnnNeurons,
  type AnnPool,
  type Convolution,
  type Identity,
  INPUT,
  type Shape,
  shapeSize,
  sourceShape,
  stepOf,
} from '../../src/ann/ann.ts';
import { roundToEven } from '../../src/lower/fold/arithmetic.ts';

/** Runs `n` images ([n][c][y][x], normalised) and gives the logits [n][classes]. */
export function evaluateAnn(ann: Ann, input: Float32Array, n: number): Float32Array {
  const size = shapeSize(ann.input);
  const classes = shapeSize(ann.layers.at(-1)!.shape);
  const logits = new Float32Array(n * classes);
  for (let image = 0; image < n; image++) {
    logits.set(evaluateImage(ann, Float64Array.from(input.subarray(image * size, (image + 1) * size))).at(-1)!, image * classes);
  }
  return logits;
}

/** How a quantised activation rounds what lies in the middle of two steps: as ONNX does, or up, as words are. */
type Halves = 'even' | 'up';

/** Outputs of all layers for one image, each [c][y][x]. */
export function evaluateImage(ann: Ann, image: Float64Array, halves: Halves = 'even'): Float64Array[] {
  const outputs: Float64Array[] = [];
  const output = (source: number) => (source === INPUT ? image : outputs[source]);
  for (const layer of ann.layers) {
    if (layer.kind === 'pool') {
      outputs.push(pool(layer, output(layer.source), sourceShape(ann, layer.source)));
      continue;
    }
    const { shape } = layer;
    const plane = shape.height * shape.width;
    const sums = Float64Array.from({ length: shapeSize(shape) }, (_, i) => layer.bias[Math.floor(i / plane)]);
    for (const term of layer.terms) addTerm(term.operator, output(term.source), sourceShape(ann, term.source), sums, shape);
    outputs.push(layer.kind === 'readout' ? sums : sums.map((v) => activation(layer, v, halves)));
  }
  return outputs;
}

function activation(layer: AnnNeurons, sum: number, halves: Halves): number {
  const value = Math.min(Math.max(sum, 0), layer.ceiling);
  const step = stepOf(layer);
  if (step === 0) return value;
  return step * (halves === 'even' ? roundToEven(value / step) : Math.floor(value / step + 0.5));
}

export function addTerm(
  operator: Convolution<ArrayLike<number>> | Identity<ArrayLike<number>>,
  source: Float64Array,
  from: Shape,
  sums: Float64Array,
  to: Shape,
): void {
  if (operator.type === 'identity') {
    const plane = to.height * to.width;
    if (shapeSize(from) !== shapeSize(to)) throw new Error('identity between different shapes');
    for (let i = 0; i < sums.length; i++) sums[i] += operator.weights[Math.floor(i / plane)] * source[i];
    return;
  }
  const { weights, window, groups } = operator;
  const [ky, kx] = window.kernel;
  const columns = from.channels / groups;
  const perGroup = to.channels / groups;
  if (weights.length !== to.channels * columns * ky * kx) throw new Error('weights do not fit their shapes');
  for (let o = 0; o < to.channels; o++) {
    const first = Math.floor(o / perGroup) * columns;
    for (let y = 0; y < to.height; y++) {
      for (let x = 0; x < to.width; x++) {
        let sum = 0;
        for (let c = 0; c < columns; c++) {
          for (let v = 0; v < ky; v++) {
            const sy = y * window.stride[0] - window.pads[0] + v * window.dilation[0];
            if (sy < 0 || sy >= from.height) continue;
            for (let u = 0; u < kx; u++) {
              const sx = x * window.stride[1] - window.pads[1] + u * window.dilation[1];
              if (sx < 0 || sx >= from.width) continue;
              sum += weights[((o * columns + c) * ky + v) * kx + u] * source[((first + c) * from.height + sy) * from.width + sx];
            }
          }
        }
        sums[(o * to.height + y) * to.width + x] += sum;
      }
    }
  }
}

/** @param round of means */
export function pool(
  { window, mode, shape, countIncludePad }: AnnPool,
  source: Float64Array,
  from: Shape,
  round: (mean: number) => number = (mean) => mean,
): Float64Array {
  const { kernel, stride, pads, dilation } = window;
  return Float64Array.from({ length: shapeSize(shape) }, (_, i) => {
    const x = i % shape.width;
    const y = Math.floor(i / shape.width) % shape.height;
    const c = Math.floor(i / shape.width / shape.height);
    const values: number[] = [];
    for (let v = 0; v < kernel[0]; v++) {
      for (let u = 0; u < kernel[1]; u++) {
        const sy = y * stride[0] - pads[0] + v * dilation[0];
        const sx = x * stride[1] - pads[1] + u * dilation[1];
        if (sy >= 0 && sy < from.height && sx >= 0 && sx < from.width)
          values.push(source[(c * from.height + sy) * from.width + sx]);
      }
    }
    if (mode === 'max') return Math.max(...values);
    return round(values.reduce((a, b) => a + b, 0) / (countIncludePad ? kernel[0] * kernel[1] : values.length));
  });
}
