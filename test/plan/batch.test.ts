import { describe, expect, it } from 'vitest';
import { resnet, spiking, vgg16 } from '../../bench/networks.ts';
import { type BatchSize, batchClass, batchFor, batchUpTo, heavyWorkgroups } from '../../src/plan/batch.ts';
import { planCells } from '../../src/plan/cells/plan.ts';
import type { PlanLimits } from '../../src/plan/fit.ts';
import { type Program, totalBytes } from '../../src/plan/program.ts';
import { planTrains } from '../../src/plan/trains/plan.ts';
import { planWords } from '../../src/plan/words/plan.ts';

const ann = resnet({ depth: 20, width: 1, resolution: 32, classes: 10 });
const network = spiking(ann);
/** Of a card. */
const CARD: PlanLimits = { maxStorageBufferBindingSize: 2 ** 31, maxBufferSize: 2 ** 32, maxUniformBufferBindingSize: 2 ** 16 };

interface Wanted {
  readonly batch: BatchSize;
  readonly imageCount?: number;
  readonly software?: boolean;
  readonly memory?: number;
}

const ENGINES: readonly [string, (options: Wanted, limits?: PlanLimits) => Program][] = [
  ['words', (options, limits = CARD) => planWords(network, limits, { waves: 3, ...options })],
  ['cells', (options, limits = CARD) => planCells(ann, limits, options)],
  [
    'trains',
    (options, limits = CARD) =>
      planTrains(network, limits, {
        ...{
          neuron: { name: 'bistable' },
          synchronous: true,
          initial: 'half',
          convolution: 'auto',
          arithmetic: 'packed',
          timesteps: 40,
        },
        ...options,
      }),
  ],
];

describe.each(ENGINES)('batch auto of ResNet-20, %s', (_, plan) => {
  it('fills a large card, and half of it would not', () => {
    const auto = plan({ batch: 'auto', software: false });
    expect(Math.log2(auto.batch) % 1).toBe(0);
    expect(auto).toEqual(plan({ batch: auto.batch, software: false }));
    expect(heavyWorkgroups(auto)).toBeGreaterThanOrEqual(528);
    expect(auto.batch).toBeGreaterThan(64);
    expect(heavyWorkgroups(plan({ batch: auto.batch / 2 }))).toBeLessThan(528);
  });

  it('is 64 where the device computes on the CPU, or nothing is said of it', () => {
    for (const software of [true, undefined]) expect(plan({ batch: 'auto', ...(software && { software }) }).batch).toBe(64);
  });

  it.each([
    [1, 64],
    [127, 64],
    [128, 128],
    [500, 256],
  ])('takes no more than there are images: %i', (imageCount, batch) => {
    expect(plan({ batch: 'auto', software: false, imageCount }).batch).toBe(batch);
  });

  it('takes no more than the memory and a binding hold', () => {
    const memory = totalBytes(plan({ batch: 256 }));
    expect(plan({ batch: 'auto', software: false, memory }).batch).toBe(256);
    expect(plan({ batch: 'auto', software: false, memory: memory - 1 }).batch).toBe(128);
    expect(plan({ batch: 'auto', software: false, memory: totalBytes(plan({ batch: 64 })) - 1 }).batch).toBe(32);
    const largest = Math.max(...Object.values(plan({ batch: 128 }).buffers).map(({ bytes }) => bytes));
    expect(plan({ batch: 'auto', software: false }, { ...CARD, maxStorageBufferBindingSize: largest }).batch).toBe(128);
  });
});

it('ResNet-20 fills a large card with 1,024 images', () => {
  expect(planWords(network, CARD, { waves: 3, batch: 'auto', software: false }).batch).toBe(1024);
});

it('large maps fill a card with few images', () => {
  const vgg = vgg16({ width: 1, hidden: 64, classes: 10, resolution: 224 });
  expect(planCells(vgg, CARD, { batch: 'auto', software: false }).batch).toBe(64);
});

it('a card may take as much memory as its largest buffer, a software driver 2 GiB', () => {
  const bytes = totalBytes(planWords(network, CARD, { waves: 3, batch: 64 })) / 64;
  const batch = Math.ceil((3 * 2 ** 30) / bytes);
  const limits = { ...CARD, maxStorageBufferBindingSize: 2 ** 32 };
  expect(planWords(network, limits, { waves: 3, batch, software: false }).batch).toBe(batch);
  expect(planWords(network, limits, { waves: 3, batch }).batch).toBe(Math.floor(batch / 2));
});

it('a narrow readout does not count, a narrow layer does', () => {
  const dispatch = (invocations: number, tiles: number, macs: number) => ({ invocations, tiles, macs });
  const width = (...dispatches: ReturnType<typeof dispatch>[]) => heavyWorkgroups({ dispatches } as unknown as Program);
  expect(width(dispatch(6400, 2, 90), dispatch(64, 1, 9))).toBe(200);
  expect(width(dispatch(6400, 2, 90), dispatch(65, 1, 11))).toBe(2);
  expect(width(dispatch(6400, 2, 0))).toBe(Number.POSITIVE_INFINITY);
});

it('a batch for few images, and the class of a batch', () => {
  expect([batchFor('auto', 10), batchFor('auto', 65), batchFor(64, 10), batchFor(8, 10)]).toEqual([10, 'auto', 10, 8]);
  expect([batchFor('auto', 64), batchUpTo('auto', 48), batchUpTo(64, 48), batchUpTo(8, 48)]).toEqual([64, 48, 48, 8]);
  expect([1, 3, 4, 63, 64, 255, 256, 1023, 1024, 65535].map(batchClass)).toEqual([1, 1, 4, 16, 64, 64, 256, 256, 1024, 1024]);
});
