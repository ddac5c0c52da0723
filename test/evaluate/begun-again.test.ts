import { afterAll, expect, it } from 'vitest';
import type { CheckpointStore } from '../../src/evaluate/checkpoint.ts';
import { compare } from '../../src/evaluate/compare.ts';
import { convertModel } from '../../src/evaluate/convert-model.ts';
import { predict } from '../../src/evaluate/predict.ts';
import { type RecordedBatch, recordImages } from '../../src/evaluate/record.ts';
import { sweep } from '../../src/evaluate/sweep.ts';
import { tuneNetwork } from '../../src/evaluate/tune-network.ts';
import { liveBytes } from '../../src/gpu/buffers.ts';
import type { Device } from '../../src/gpu/device.ts';
import { openDevice } from '../../src/gpu/node.ts';
import { pixelsSource } from '../../src/run/source.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { killedUntilDone } from '../helpers/killed.ts';
import { randomPixels } from '../helpers/random-network.ts';
import { scarceDevice } from '../helpers/scarce-device.ts';
import { SOAK } from '../helpers/soak.ts';
import { residualAnn } from '../network/hand-made.ts';

// Work that is begun again: by a caller whose process was killed, or by itself where its device was lost.

const ann = residualAnn(4);
const of = (count: number, seed: number) =>
  pixelsSource(
    randomPixels(ann.input, count, seed),
    ann.input,
    Array.from({ length: count }, (_, i) => i % 3),
  );
const classes = Array.from({ length: 10 }, (_, i) => String(i));
const DATA = { name: 'random', classes, mean: [0.45], std: [0.25], evaluation: of(7, 1), training: of(10, 2) };
const SHARED = { batch: 2, correctBias: false, phaseBits: 4 } as const;
const STEPS = { ...SHARED, neurons: ['bistable', 'if'], timesteps: [9, 25] };
const SWEPT = { phaseBits: [3, 4], correctBias: [false, true] } as const;
const WAYS = { batch: 2, waves: 2, scales: ['max'], perChannel: [false], correctBias: [false], loss: 20 } as const;

afterAll(() => device?.dispose());

type Report = (progress: { readonly stage: string; readonly done: number }) => void;

/** A result as JSON has it, without times. */
const untimed = (result: object): unknown =>
  JSON.parse(JSON.stringify(result, (name, value) => (name === 'seconds' ? undefined : value)));

/** Each way to work long, on a device. */
const WORK: readonly (readonly [string, (on: Device, report: Report, checkpoint?: CheckpointStore) => Promise<object>])[] = [
  ['compare', (on, report, checkpoint) => compare(on, ann, DATA, { ...STEPS, checkpoint }, report)],
  ['tune', (on, report, checkpoint) => tuneNetwork(on, ann, DATA, { ...WAYS, trials: 6, checkpoint }, report)],
  ['sweep', (on, report, checkpoint) => sweep(on, ann, DATA, { ...WAYS, ...SWEPT, checkpoint }, report)],
  ['convert', (on, report, checkpoint) => convertModel(on, ann, DATA, { batch: 2, checkpoint }, report)],
  ['predict', (on, report) => predict(on, ann, DATA, { ...SHARED, waves: 2 }, report)],
  [
    'record',
    async (on, report) => {
      const batches: RecordedBatch[] = [];
      const options = { ...SHARED, limit: 7, layers: ['stem'], timesteps: 9 };
      const recording = await recordImages(on, ann, DATA, options, (batch) => {
        batches.push(batch);
        report({ stage: 'record', done: batch.first + batch.images });
      });
      return { ...recording, batches };
    },
  ],
];

describeOnDevice('long work', () => {
  it.each(WORK.slice(0, 4))('%s: killed and begun again, it ends as if nothing had been', async (name, run) => {
    const whole = untimed(await run(device!, () => {}));
    for (const writes of SOAK ? [1, 2, 3] : [2]) {
      const { found, kills } = await killedUntilDone(writes, (checkpoint) => run(device!, () => {}, checkpoint));
      expect(untimed(found), `${name}, killed ${kills} times`).toStrictEqual(whole);
      // few are left of every third
      expect(kills).toBeGreaterThan(writes < 3 ? 1 : 0);
    }
    expect(liveBytes(device!)).toBe(0);
  });

  it('a checkpoint of other options is refused before the work', async () => {
    let text: string | null = null;
    const checkpoint = {
      ...{ name: 'kept', read: () => text, due: () => true },
      write: (now: string) => {
        text = now;
        throw new Error('killed');
      },
    };
    await expect(compare(device!, ann, DATA, { ...STEPS, checkpoint })).rejects.toThrow('killed');
    const refused = (options: object) => expect(compare(device!, ann, DATA, { ...STEPS, checkpoint, ...options })).rejects;
    await refused({ timesteps: [9, 26] }).toThrow(/^kept: is of other work: option timesteps is \[9,25\] and \[9,26\]/);
    await refused({ neurons: ['bistable'] }).toThrow(/option neurons is \["bistable","if"\] and \["bistable"\]/);
    await refused({ initial: 'zero' }).toThrow(/option initial is "half" and "zero"/);
    await refused({ calibrateOn: of(4, 3) }).toThrow(/option calibrateOn is not given and "[0-9a-f]{64}"/);
    await refused({ limit: 5 }).toThrow(/number of images is 7 and 5/);
    await expect(tuneNetwork(device!, ann, DATA, { ...WAYS, checkpoint })).rejects.toThrow(/the command is compare and tune/);
    await expect(convertModel(device!, ann, DATA, { checkpoint })).rejects.toThrow(/the command is compare and convert/);
  });

  it.each([
    ['sweep', (options: object) => sweep(device!, ann, DATA, { ...WAYS, phaseBits: [3], ...options })],
    ['convert', (options: object) => convertModel(device!, ann, DATA, { batch: 2, ...options })],
  ] as const)('%s refuses a checkpoint of another model, data set or option by name', async (name, run) => {
    let text: string | null = null;
    const checkpoint: CheckpointStore = {
      ...{ name: 'kept', read: () => text, due: () => true },
      write: (now) => {
        text = now;
        throw new Error('killed');
      },
    };
    await expect(run({ checkpoint })).rejects.toThrow('killed');
    const refused = (options: object) => expect(run({ checkpoint, ...options })).rejects;
    await refused({ initial: 'zero' }).toThrow(/^kept: is of other work: option initial is "half" and "zero"/);
    await refused({ mean: [0.5] }).toThrow(/option mean is \[0.45\] and \[0.5\]/);
    await refused({ calibrateOn: of(10, 3) }).toThrow(/option calibrateOn is not given|pixels differ/);
    if (name === 'sweep') {
      await refused({ phaseBits: [3, 4] }).toThrow(/option phaseBits is \[3\] and \[3,4\]/);
      await refused({ scales: ['mse'] }).toThrow(/option scale is "max" and "mse"/);
      await refused({ limit: 5 }).toThrow(/number of images is 7 and 5/);
    } else {
      await refused({ scale: 'max' }).toThrow(/option scale is "mse" and "max"/);
      await refused({ calibration: 5 }).toThrow(/number of images is 10 and 5/);
      const others = { ...DATA, training: of(10, 9) };
      await expect(convertModel(device!, ann, others, { checkpoint })).rejects.toThrow(/pixels differ/);
      const other = { ...ann, layers: ann.layers.with(0, { ...ann.layers[0], name: 'other' }) };
      await expect(convertModel(device!, other, DATA, { checkpoint })).rejects.toThrow(/the trained networks differ/);
    }
  });

  // [stage, done] at which the device is lost
  const losses: Readonly<Record<string, string>> = {
    compare: 'compare 4',
    tune: 'trials 3',
    sweep: 'sweep 9',
    predict: 'predict 4',
    record: 'record 4',
  };
  it.each(WORK.filter(([name]) => (SOAK && name in losses) || name === 'record'))(
    '%s: a device that is lost is opened again, with the same figures',
    async (name, run) => {
      const whole = untimed(await run(device!, () => {}));
      const opened: Device[] = [];
      const open = async (): Promise<Device> => {
        const one = await openDevice();
        opened.push(one);
        return Object.assign(one, { reopen: open });
      };
      const seen: string[] = [];
      const first = await open();
      const result = await run(first, ({ stage, done }) => {
        const at = `${stage} ${done}`;
        // what landed runs once
        expect(seen).not.toContain(at);
        seen.push(at);
        if (at === losses[name]) first.handle.destroy();
      });
      expect(opened, seen.join(', ')).toHaveLength(2);
      expect(untimed(result)).toStrictEqual(whole);
      first.dispose();
    },
  );

  it('a device without memory for a batch is said, by those too that know no more of it', async () => {
    const scarce = await scarceDevice(4 * ann.input.height * ann.input.width);
    try {
      const { notes } = await predict(scarce, ann, DATA, { phaseBits: 4, correctBias: false, batch: 7 });
      expect(notes.filter(({ code }) => code === 'memory')).toHaveLength(1);
    } finally {
      scarce.dispose();
    }
  });
});
