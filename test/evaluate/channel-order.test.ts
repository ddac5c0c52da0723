import { afterAll, expect, it } from 'vitest';
import type { Ann } from '../../src/ann/ann.ts';
import { swap } from '../../src/evaluate/channel-order.ts';
import { evaluate } from '../../src/evaluate/evaluate.ts';
import { pixelsSource } from '../../src/run/source.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { convolution, neurons, readout } from '../network/hand-made.ts';
import { dataSet, shape } from './data-sets.ts';

afterAll(() => device?.dispose());

const input = shape(3, 2, 2);
const AREA = 4;

/** Says which channel is the brightest. */
const brightest: Ann = {
  name: 'brightest',
  input,
  layers: [
    neurons('same', input, [convolution(-1, [1, 0, 0, 0, 1, 0, 0, 0, 1])]),
    readout(3, [
      convolution(
        0,
        Float32Array.from({ length: 36 }, (_, i) => (Math.floor(i / 12) === Math.floor((i % 12) / AREA) ? 1 : 0)),
        { kernel: [2, 2], stride: [1, 1], pads: [0, 0, 0, 0], dilation: [1, 1] },
      ),
    ]),
  ],
};

/** Images whose brightest channel is n mod 3, labelled so; others too, as wrong as asked for. */
function images(count: number) {
  const pixels = new Uint8Array(count * 12);
  for (let n = 0; n < count; n++)
    for (let c = 0; c < 3; c++) pixels.fill(c === n % 3 ? 200 + (n % 50) : 60, n * 12 + c * AREA, n * 12 + (c + 1) * AREA);
  return pixelsSource(
    pixels,
    input,
    Array.from({ length: count }, (_, n) => n % 3),
  );
}

const withLabels = <S extends object>(source: S, labels: ArrayLike<number>) => ({ ...source, labels });

describeOnDevice('red and blue that have changed places', () => {
  const set = (training: ReturnType<typeof images>) => ({ ...dataSet(images(6), training), mean: [0], std: [1] });
  const notes = async (training: ReturnType<typeof images>) =>
    (await evaluate(device!, brightest, set(training), { phaseBits: 4, waves: 1, calibration: 30 })).notes.filter(
      ({ code }) => code === 'bgr',
    );

  it('are noted where swapping gains more than 10 points on the images for calibration', async () => {
    const turned = images(30);
    const swapped = withLabels(swap(turned), turned.labels);
    expect(await notes(swapped)).toEqual([
      {
        code: 'bgr',
        text: expect.stringMatching(/on 30 images for calibration the ANN has 33\.3 %, and 100\.0 % where they change places/),
      },
    ]);
  });

  it('are not where the images are right, or have no labels', async () => {
    expect(await notes(images(30))).toEqual([]);
    const turned = images(30);
    expect(await notes({ ...swap(turned), labels: null } as unknown as typeof turned)).toEqual([]);
  });

  it('a swapped source has the same middle channel, and swapped twice it is itself', async () => {
    const source = images(4);
    const [a, b, c] = [await source.read(1, 2), await swap(source).read(1, 2), await swap(swap(source)).read(1, 2)];
    expect([...c]).toEqual([...a]);
    expect([...b.subarray(4, 8)]).toEqual([...a.subarray(4, 8)]);
    expect([...b.subarray(0, 4), ...b.subarray(8, 12)]).toEqual([...a.subarray(8, 12), ...a.subarray(0, 4)]);
  });
});
