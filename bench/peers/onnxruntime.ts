import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ann } from '../../src/ann/ann.ts';
import { perChannel } from '../../src/ann/pixels.ts';
import { accuracyOf, countHits } from '../../src/evaluate/accuracy.ts';
import type { Normalization } from '../../src/run/ann-session.ts';
import { ROOT } from '../root.ts';
import { takeTimes } from './clock.ts';
import type { Images } from './images.ts';
import { type Measured, skipped } from './result.ts';

const NAME = 'the ANN, onnxruntime';
const BATCH = 64;
const RUNS = 3;

/** The trained network in onnxruntime on the CPU. Its input is normalised before the time is taken, in its favour. */
export async function measureOnnxruntime(model: string, ann: Ann, images: Images, normalization: Normalization): Promise<Measured> {
  const runtime = await import('onnxruntime-node').catch((error: Error) => error);
  if (runtime instanceof Error) return skipped(NAME, runtime.message.split('\n')[0]);
  const { version } = JSON.parse(readFileSync(join(ROOT, 'node_modules/onnxruntime-node/package.json'), 'utf8'));
  const session = await runtime.InferenceSession.create(model);
  const { channels, height, width } = ann.input;
  const size = channels * height * width;
  const values = normalized(images.pixels, size, height * width, normalization, channels);
  const classes = ann.layers[ann.layers.length - 1].shape.channels;
  const logits = new Float32Array(images.count * classes);
  const classify = async (limit: number) => {
    for (let first = 0; first < limit; first += BATCH) {
      const count = Math.min(BATCH, limit - first);
      const input = new runtime.Tensor('float32', values.subarray(first * size, (first + count) * size), [
        count,
        ...(height * width === 1 ? [channels] : [channels, height, width]),
      ]);
      const outputs = await session.run({ [session.inputNames[0]]: input });
      logits.set(outputs[session.outputNames[0]].data as Float32Array, first * classes);
    }
  };
  await classify(Math.min(images.count, 2 * BATCH));
  const { seconds, cpuSeconds } = await takeTimes(RUNS, () => classify(images.count));
  return {
    name: NAME,
    imagesPerSecond: images.count / seconds,
    cpuMs: (1e3 * cpuSeconds) / images.count,
    images: images.count,
    batch: BATCH,
    accuracy: accuracyOf(countHits({ values: logits, images: images.count }, images.labels)).top1,
    steps: null,
    versions: `onnxruntime ${version} cpu`,
    reason: null,
    wrong: false,
  };
}

/** (p / 255 − mean) / std of [image][channel][y][x]. */
function normalized(pixels: Uint8Array, size: number, area: number, { mean, std }: Normalization, channels: number): Float32Array {
  const means = perChannel(mean, channels, 'mean');
  const deviations = perChannel(std, channels, 'std');
  return Float32Array.from(pixels, (p, i) => {
    const channel = Math.floor((i % size) / area);
    return (p / 255 - means[channel]) / deviations[channel];
  });
}
