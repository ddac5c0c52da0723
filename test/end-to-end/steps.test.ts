import { expect, it } from 'vitest';
import { convert } from '../../src/convert/convert.ts';
import { phaseBitsOf } from '../../src/network/network.ts';
import { readWords } from '../../src/observe/words.ts';
import { importOnnx } from '../../src/onnx/import.ts';
import { windowed } from '../../src/reference/windowed.ts';
import { AnnSession } from '../../src/run/ann-session.ts';
import { Session } from '../../src/run/session.ts';
import { firstDifference } from '../helpers/compare.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { expectClose, randomNumbers, runOnnx } from '../helpers/onnx-compare.ts';
import { node, relu } from '../helpers/onnx-networks.ts';
import { network, pair, pieces } from '../helpers/onnx-quantized.ts';

const IMAGES = 4;
/** Pixels stand for (p − 128) / 64. */
const [mean, std] = [[128 / 255], [64 / 255]];

describeOnDevice('a quantised network on a device', () => {
  const pixels = Uint8Array.from(randomNumbers(IMAGES * 192, 9), (v) => Math.round((v + 1) * 127.5));
  const values = Float32Array.from(pixels, (p) => (p - 128) / 64);
  // no sum of f32 is near enough to a half of these steps to be rounded to the other side
  const [nodes, tensors] = pieces(
    ...[pair('x', 'p', { scale: 0.0307, zero: 128 }), node('Conv', ['p', 'w0', 'b0'], 'h', { pads: [1, 1, 1, 1] })],
    ...[relu('h', 'k'), pair('k', 'q', { scale: 0.1103 }), node('Conv', ['q', 'w1'], 's', { pads: [1, 1, 1, 1] })],
    ...[pair('s', 't', { scale: 0.907, type: 'int8' }), node('Add', ['t', 'q'], 'j'), pair('j', 'z', { scale: 0.307 })],
  );
  const bytes = network(nodes, tensors, { quantised: true });

  it('gives the logits of ONNX Runtime', async () => {
    const session = await AnnSession.create(device!, await importOnnx(bytes), { mean, std });
    try {
      const { logits } = await session.classify(pixels);
      expectClose(logits, await runOnnx(bytes, values, [IMAGES, 3, 8, 8]));
    } finally {
      session.dispose();
    }
  });

  it('is converted with the K of the file, its biases left as they are, and its words are those of the reference', async () => {
    const ann = await importOnnx(bytes);
    const converted = await convert(device!, ann, pixels, { mean, std, phaseBits: 'auto' });
    expect(phaseBitsOf(converted)).toBe(8);
    expect(converted).toEqual(await convert(device!, ann, pixels, { mean, std, phaseBits: 8, correctBias: false }));
    const session = await Session.create(device!, converted, { batch: IMAGES, waves: 1, keepWords: true });
    try {
      await session.classify(pixels);
      for (const [l, layer] of converted.layers.entries()) {
        if (layer.kind === 'readout') continue;
        const words = await readWords(session, l, IMAGES);
        const size = words.length / IMAGES;
        for (let n = 0; n < IMAGES; n++) {
          const wanted = windowed(converted, pixels.subarray(n * 192, (n + 1) * 192), 1).words[l][0];
          expect(firstDifference(words.subarray(n * size, (n + 1) * size), wanted), layer.name).toBeNull();
        }
      }
    } finally {
      session.dispose();
    }
  });
});
