// Classifies digits with spikes. From a checkout: node scripts/run-ts.mjs examples/classify.ts
// The README shows what stands between the markers (with 'bsnn-webgpu' for '../src/index.ts'); a test runs this file.

// README begins
import { convert, importOnnx, openDataSet, openDevice, Session } from '../src/index.ts';

const device = await openDevice();
const ann = await importOnnx('datasets/models/mnist-resnet.onnx');
const { training, evaluation, mean, std } = await openDataSet('mnist');

// 500 training images set the scales; pixels are bytes, [image][channel][y][x]
const pixels = ann.input.channels * ann.input.height * ann.input.width;
const calibration = training!.pixels.subarray(0, 500 * pixels);
const snn = await convert(device, ann, calibration, { phaseBits: 4, mean, std });

const session = await Session.create(device, snn, { batch: 128, waves: 3 });
const { logits } = await session.classify(evaluation.pixels.subarray(0, 8 * pixels));
for (let image = 0; image < 8; image++) {
  const scores = [...logits.subarray(image * 10, image * 10 + 10)];
  console.log(`image ${image}: a ${scores.indexOf(Math.max(...scores))}, labelled ${evaluation.labels[image]}`);
}
device.dispose();
// README ends
