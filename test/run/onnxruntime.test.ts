import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { type Ann, shapeSize } from '../../src/ann/ann.ts';
import { openDataSet } from '../../src/data/open.ts';
import { importOnnx } from '../../src/onnx/import.ts';
import { AnnSession, type Normalization } from '../../src/run/ann-session.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { cifar10Folder, modelPath, normalizationOf, photographs } from '../helpers/shared.ts';

/** What the issue of this baseline allows: f32 sums in another order. */
const RELATIVE = 1e-4;

/** The logits of onnxruntime (CPU, f32) on the same pixels, image by image. */
async function runtimeLogits(path: string, ann: Ann, pixels: Uint8Array, { mean, std }: Normalization): Promise<Float32Array> {
  const runtime = await InferenceSession.create(path);
  const { channels, height, width } = ann.input;
  const size = shapeSize(ann.input);
  const images = pixels.length / size;
  const at = (values: readonly number[], c: number) => values[values.length === 1 ? 0 : c];
  const channel = (i: number) => Math.floor((i % size) / (height * width));
  const input = Float32Array.from(pixels, (p, i) => (p / 255 - at(mean, channel(i))) / at(std, channel(i)));
  const results: number[] = [];
  for (let n = 0; n < images; n++) {
    const feeds = {
      [runtime.inputNames[0]]: new Tensor('float32', input.subarray(n * size, (n + 1) * size), [1, channels, height, width]),
    };
    results.push(...((await runtime.run(feeds))[runtime.outputNames[0]].data as Float32Array));
  }
  return Float32Array.from(results);
}

/** Logits agree to RELATIVE of the image's largest; top-1 agrees unless the two best are closer than that in onnxruntime. */
function expectAgreement(ours: Float32Array, theirs: Float32Array, classes: number): void {
  for (let n = 0; n < theirs.length / classes; n++) {
    const a = ours.subarray(n * classes, (n + 1) * classes);
    const b = theirs.subarray(n * classes, (n + 1) * classes);
    const largest = b.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
    const worst = b.reduce((m, v, o) => Math.max(m, Math.abs(v - a[o])), 0);
    expect(worst / largest, `image ${n}: largest difference relative to the largest logit`).toBeLessThan(RELATIVE);
    const [first, second] = Float32Array.from(b).sort().reverse();
    if (first - second >= 1e-4) expect(a.indexOf(Math.max(...a)), `image ${n}: top-1`).toBe(b.indexOf(first));
  }
}

async function compare(name: string, pixelsOf: (ann: Ann) => Uint8Array): Promise<void> {
  const path = modelPath(name);
  if (!path) return;
  const ann = await importOnnx(path);
  const pixels = pixelsOf(ann);
  const session = await AnnSession.create(device!, ann, { ...normalizationOf(path), batch: 48 });
  const { logits } = await session.classify(pixels);
  session.dispose();
  expectAgreement(
    logits,
    await runtimeLogits(path, ann, pixels, normalizationOf(path)),
    ann.layers[ann.layers.length - 1].shape.channels,
  );
}

describeOnDevice('the trained network on the GPU agrees with onnxruntime', () => {
  it('mnist-resnet, 200 digits', async () => {
    const { evaluation } = await openDataSet('mnist');
    await compare('mnist-resnet', () => evaluation.pixels.subarray(0, 200 * 784));
  });

  it.each(['resnet20-cifar10', 'vgg16-slim-cifar10', 'resnet20-padshortcut', 'resnet56-padshortcut'])(
    '%s, 100 images',
    async (name) => {
      const folder = cifar10Folder();
      if (!folder) return;
      const { evaluation } = await openDataSet(`cifar10:${folder}`);
      await compare(name, () => evaluation.pixels.subarray(0, 100 * 3072));
    },
  );

  it('squeezenet1.1-imagenet, 8 photographs', async () => {
    const pixels = await photographs(8, 224);
    if (pixels) await compare('squeezenet1.1-imagenet', () => pixels);
  });
});
