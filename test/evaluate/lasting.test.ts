import { describe, expect, it } from 'vitest';
import { DeviceError, OptionError } from '../../src/errors.ts';
import type { Hits } from '../../src/evaluate/accuracy.ts';
import { evaluate } from '../../src/evaluate/evaluate.ts';
import { LastingDevice } from '../../src/evaluate/lasting.ts';
import { untracked } from '../../src/evaluate/ledger.ts';
import { type Progress, trainedHits } from '../../src/evaluate/passes.ts';
import type { EvaluationResult } from '../../src/evaluate/result.ts';
import type { Device } from '../../src/gpu/device.ts';
import { openDevice } from '../../src/gpu/node.ts';
import type { AnnSession } from '../../src/run/ann-session.ts';
import type { AnnBatch, OnBatch } from '../../src/run/batch.ts';
import { type ImageSource, pixelsSource } from '../../src/run/source.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { randomPixels } from '../helpers/random-network.ts';
import { TRAINED } from '../helpers/sessions.ts';
import { SOAK } from '../helpers/soak.ts';

const lost = () => new DeviceError('device-lost', 'here', 'the device was lost', 'open it again');

/** Devices of nothing, each of which is lost at once or never, one after another. */
function fakes(isLost: (index: number) => boolean) {
  const disposed: number[] = [];
  let next = 0;
  const open = (index = next++): Device =>
    ({
      handle: {},
      index,
      isLost: async () => isLost(index),
      check: () => {
        if (isLost(index)) throw lost();
      },
      reopen: async () => open(),
      dispose: () => disposed.push(index),
    }) as unknown as Device;
  return { first: open(), disposed };
}
const indexOf = (one: Device) => (one as unknown as { readonly index: number }).index;

describe('a device that lasts', () => {
  it('work goes on with the next one; those that it opened are given back', async () => {
    const { first, disposed } = fakes((index) => index < 2);
    const lasting = new LastingDevice(first);
    const on: number[] = [];
    const done = await lasting.through(async (one) => {
      on.push(indexOf(one));
      // what WebGPU itself throws is no better than a named error
      if (indexOf(one) === 0) throw new Error('AbortError');
      one.check();
      return 7;
    });
    expect([done, on]).toEqual([7, [0, 1, 2]]);
    lasting.dispose();
    expect(disposed).toEqual([1, 2]);
  });

  it('is given up after three losses without a batch in between, by name', async () => {
    for (const [progress, tries] of [
      [false, 4],
      [true, 9],
    ] as const) {
      const { first } = fakes(() => true);
      const lasting = new LastingDevice(first);
      let tried = 0;
      const work = lasting.through(async () => {
        if (++tried <= 5 && progress) lasting.progressed();
        throw lost();
      });
      await expect(work).rejects.toMatchObject({ code: 'device-lost' });
      // the fifth try's progress lets three more follow
      expect(tried).toBe(progress ? tries - 1 : tries);
    }
  });

  it('other errors, and a device that nobody can open again, end it at once', async () => {
    const { first } = fakes(() => true);
    const option = new OptionError('images', 'images', 'are wrong', 'correct them');
    await expect(new LastingDevice(first).through(() => Promise.reject(option))).rejects.toBe(option);
    await expect(new LastingDevice(first, null).through(() => Promise.reject(lost()))).rejects.toMatchObject({
      code: 'device-lost',
    });
    const fault = new Error('its own');
    await expect(new LastingDevice(fakes(() => false).first).through(() => Promise.reject(fault))).rejects.toBe(fault);
  });

  it('a run goes on at the first batch that did not land, each image once', async () => {
    const source = pixelsSource(new Uint8Array(11), { channels: 1, height: 1, width: 1 });
    const { first } = fakes((index) => index < 3);
    const lasting = new LastingDevice(first);
    const part = { source: { ...source, labels: new Uint8Array(11).fill(1) }, first: 0, classes: new Uint16Array(11) };
    const track = untracked<Hits>();
    const begun: number[] = [];
    const done: number[] = [];
    const hits = await lasting.through((one) => {
      const run = async ({ count }: ImageSource, onBatch: OnBatch<AnnBatch>) => {
        begun.push(11 - count);
        for (let at = 0; at < count; at += 2) {
          if (at === 2 * indexOf(one) && indexOf(one) < 3) throw lost();
          const images = Math.min(2, count - at);
          await onBatch({ first: at, images, logits: Float32Array.from({ length: 2 * images }, (_, i) => i % 2) } as AnnBatch);
        }
      };
      return trainedHits({ run } as unknown as AnnSession, part, (images) => void done.push(images), track);
    });
    expect(begun).toEqual([0, 0, 2, 6]);
    expect(done).toEqual([2, 4, 6, 8, 10, 11]);
    expect(hits).toMatchObject({ images: 11, top1: 11 });
    expect([...part.classes]).toEqual(new Array(11).fill(1));
  });
});

describeOnDevice('an evaluation whose device is lost', () => {
  const ann = TRAINED;
  const of = (count: number, seed: number) =>
    pixelsSource(
      randomPixels(ann.input, count, seed),
      ann.input,
      Array.from({ length: count }, (_, i) => i % 20),
    );
  const classes = Array.from({ length: 20 }, (_, i) => String(i));
  const data = { name: 'random', classes, mean: [0.45], std: [0.25], evaluation: of(18, 1), training: of(8, 2) };
  const run = (on: Device, onProgress: (progress: Progress) => void) =>
    evaluate(on, ann, data, { phaseBits: 4, waves: 2, calibration: 8, batch: 4, diagnosis: 6, correctBias: false }, onProgress);
  const untimed = ({ timing: _, diagnosis, ...rest }: EvaluationResult) =>
    JSON.stringify({ ...rest, diagnosis: { ...diagnosis, seconds: 0 } });

  it('in every stage: the same figures', async () => {
    const expected = untimed(await run(device as Device, () => {}));
    const opened: Device[] = [];
    const open = async (): Promise<Device> => {
      const one = await openDevice();
      opened.push(one);
      return Object.assign(one, { reopen: open });
    };
    const first = await open();
    // [stage, images done]: once each
    const losses = new Set(['calibration 4', 'snn 8', 'diagnosis 4', ...(SOAK ? ['ann 8', 'snn 4', 'snn 12', 'diagnosis 6'] : [])]);
    const count = losses.size;
    const seen: string[] = [];
    const result = await run(first, ({ stage, done }) => {
      seen.push(`${stage} ${done}`);
      if (losses.delete(`${stage} ${done}`)) opened[opened.length - 1].handle.destroy();
    });
    expect(losses.size).toBe(0);
    expect(opened.length).toBe(1 + count);
    expect(untimed(result)).toBe(expected);
    // what landed ran once
    for (const stage of ['ann', 'snn', 'diagnosis']) {
      const done = seen.filter((one) => one.startsWith(stage));
      expect(new Set(done).size, done.join(', ')).toBe(done.length);
    }
    first.dispose();
    for (const one of opened) expect(() => one.check()).toThrow(/disposed/);
  });

  it.skipIf(!SOAK)(
    'at any moment: the same figures',
    async () => {
      const expected = untimed(await run(device as Device, () => {}));
      for (let i = 0; i < 20; i++) {
        let timer: ReturnType<typeof setTimeout> | undefined;
        // twice, each a while after it was opened
        let left = 2;
        const open = async (): Promise<Device> => {
          const next = await openDevice();
          Object.assign(next, { reopen: open });
          if (left-- > 0) timer = setTimeout(() => next.handle.destroy(), 71 * i);
          return next;
        };
        const first = await open();
        expect(untimed(await run(first, () => {})), `lost after ${71 * i} ms`).toBe(expected);
        clearTimeout(timer);
        first.dispose();
      }
    },
    600_000,
  );
});
