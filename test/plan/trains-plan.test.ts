import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeviceError, OptionError } from '../../src/errors.ts';
import { makeTimetable, momentAt } from '../../src/network/timetable.ts';
import { bistable } from '../../src/neuron/bistable.ts';
import { burst } from '../../src/neuron/burst.ts';
import type { Neuron } from '../../src/neuron/neuron.ts';
import { cutSteps } from '../../src/plan/trains/chunks.ts';
import { laySteps, planesFor } from '../../src/plan/trains/layout.ts';
import { passesOf } from '../../src/plan/trains/passes.ts';
import { planTrains, type TrainsOptions } from '../../src/plan/trains/plan.ts';
import { kOf } from '../helpers/closed-times.ts';
import { bytesOf } from '../helpers/program.ts';
import { ann, convolution, map, neurons, onGrid, readout, residual } from '../network/hand-made.ts';

const LIMITS = { maxStorageBufferBindingSize: 2 ** 27, maxBufferSize: 2 ** 30, maxUniformBufferBindingSize: 2 ** 16 };
const OPTIONS: TrainsOptions = {
  neuron: { name: 'bistable' },
  synchronous: true,
  timesteps: 30,
  batch: 4,
  initial: 'half',
  convolution: 'auto',
  arithmetic: 'packed',
};

describe('chunks', () => {
  it('cover every step once, end at checkpoints and where a depth changes its state, and keep to the capacity', () => {
    const phases = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 90 }),
        phases,
        fc.boolean(),
        fc.integer({ min: 1, max: 40 }),
        fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 4 }),
        (timesteps, K, windowed, capacity, wanted) => {
          const checkpoints = wanted.filter((t) => t <= timesteps);
          const timetable = makeTimetable(K);
          const chunks = cutSteps(timesteps, windowed ? timetable : null, capacity, checkpoints);
          expect(chunks.flatMap(({ chunk: { step, steps } }) => Array.from({ length: steps }, (_, i) => step + i))).toEqual(
            Array.from({ length: timesteps }, (_, i) => i),
          );
          for (const { chunk, mark } of chunks) {
            const { step, steps } = chunk;
            expect(steps).toBeLessThanOrEqual(capacity);
            expect(mark).toBe(checkpoints.includes(step + steps) ? step + steps : null);
            if (!windowed) continue;
            for (let depth = 1; depth <= K.length; depth++) {
              const states = Array.from({ length: steps }, (_, i) => momentAt(timetable, depth, step + i).state);
              expect(new Set(states).size).toBe(1);
            }
          }
          for (const t of checkpoints) expect(chunks.some(({ mark }) => mark === t)).toBe(true);
        },
      ),
      { numRuns: 200, seed: 4 },
    );
  });
});

describe('layout', () => {
  it.each([
    [1, 1],
    [2, 2],
    [3, 2],
    [5, 3],
    [64, 7],
  ])('values up to %i take %i planes', (max, planes) => {
    expect(planesFor(max)).toBe(planes);
  });

  it.each([
    ['bistable', bistable],
    ['burst:5', burst(5)],
  ] as const)('%s: no two regions of the arena overlap, word 0 is nobody’s', (_, model) => {
    const layout = laySteps(residual(), model, true, 3, 8);
    const regions = [
      ...layout.trains.flatMap((train) => (train ? [[train.first, train.groupStride * layout.groups]] : [])),
      ...layout.lines.flatMap(({ ring, hold, train }) => [
        [ring, train.groupStride * Math.ceil(hold / 4)],
        [train.first, train.groupStride * layout.groups],
      ]),
      ...layout.states.filter((first) => first >= 0).map((first) => [first, 1]),
      ...layout.poolMemory.filter((first) => first >= 0).map((first) => [first, 1]),
    ].sort((a, b) => a[0] - b[0]);
    expect(regions[0][0]).toBeGreaterThanOrEqual(1);
    regions.slice(1).forEach(([first], i) => {
      expect(first).toBeGreaterThanOrEqual(regions[i][0] + regions[i][1]);
    });
    const [last, size] = regions[regions.length - 1];
    expect(last + size).toBeLessThanOrEqual(layout.words);
  });

  it('synchronous neurons are there for windowed neurons only, and each row once', () => {
    // block 1b reads the stem and merge reads it from further; block 2b reads block 1b
    const delays = laySteps(residual(), bistable, true, 1, 4).lines.map(({ source, hold }) => `${source}+${hold}`);
    expect(new Set(delays).size).toBe(delays.length);
    expect(delays).toContain(`0+${kOf(residual())}`);
    expect(laySteps(residual(), bistable, false, 1, 4).lines).toEqual([]);
    expect(laySteps(residual(), burst(1), true, 1, 4).lines).toEqual([]);
  });
});

describe('plan', () => {
  it('is cut to the limits: first the chunk, then the batch', () => {
    const network = residual();
    const plan = (over: Partial<TrainsOptions>, binding = 2 ** 27) =>
      planTrains(network, { ...LIMITS, maxStorageBufferBindingSize: binding }, { ...OPTIONS, ...over });
    const wide = plan({ neuron: { name: 'if' }, batch: 64, timesteps: 128 });
    expect(wide.batch).toBe(64);
    const narrow = plan({ neuron: { name: 'if' }, batch: 64, timesteps: 128 }, 2 ** 20);
    expect(narrow.capacity).toBeLessThan(wide.capacity);
    const small = plan({ batch: 64 }, 2 ** 18);
    expect(small.batch).toBeLessThan(64);
    for (const one of [narrow, small]) expect(Math.max(...Object.values(bytesOf(one)))).toBeLessThanOrEqual(2 ** 20);
    expect(() => plan({}, 1000)).toThrow(DeviceError);
  });

  it('a batch is cut so that no counter of spikes can overflow', () => {
    const network = residual();
    const largest = 12 * 12 * 12;
    const { batch } = planTrains(network, LIMITS, {
      ...OPTIONS,
      neuron: { name: 'burst', most: 15 },
      timesteps: 20000,
      batch: 64,
    });
    expect(largest * batch * 20000 * 15).toBeLessThan(2 ** 32);
    expect(batch).toBe(8);
  });

  it('a layer in the forms that it may run in; those that receive in every chunk do nothing else', () => {
    const kernels = (over: Partial<TrainsOptions>) => {
      const { dispatches } = planTrains(residual(), LIMITS, { ...OPTIONS, ...over });
      return new Set(
        dispatches.filter(({ layer, when }) => layer === 1 && !when.once).map(({ kernel, when }) => `${kernel} ${when.form}`),
      );
    };
    expect(kernels({})).toEqual(new Set(['fused dense', 'fused-spikes spikes', 'integrate null']));
    expect(kernels({ convolution: 'dense' })).toEqual(new Set(['fused null', 'integrate null']));
    expect(kernels({ convolution: 'spikes' })).toEqual(new Set(['fused-spikes null', 'integrate null']));
    expect(kernels({ neuron: { name: 'phase' } })).toEqual(new Set(['fused null']));
    expect(kernels({ neuron: { name: 'phase' }, convolution: 'spikes' })).toEqual(new Set(['fused-spikes null']));
  });

  it.each(['bistable', 'if', 'burst', 'phase', 'multi'] as const)('%s: one dispatch a layer and chunk', (name) => {
    const network = residual();
    const K = kOf(network);
    const neuron = name === 'burst' ? { name, most: 3 } : name === 'multi' ? { name, bits: K } : { name };
    for (const convolution of ['auto', 'dense', 'spikes'] as const) {
      for (const synchronous of [true, false]) {
        const plan = planTrains(network, LIMITS, { ...OPTIONS, neuron: neuron as Neuron, synchronous, convolution, timesteps: 60 });
        for (const form of ['dense', 'spikes'] as const) {
          const passes = passesOf(
            plan,
            network.layers.map(() => form),
            [13],
          );
          for (const { dispatches, chunk } of passes) {
            // what is injected once an image is no step of a layer
            const layers = dispatches.flatMap((d) => {
              const { kernel, layer } = plan.dispatches[d];
              return kernel === 'encode' || kernel === 'inject' ? [] : [layer];
            });
            expect(layers.length, `${convolution} ${form}, step ${chunk?.step}`).toBe(new Set(layers).size);
          }
        }
      }
    }
  });

  it('a layer is read at 128 depths behind the next; at more it is refused by name', () => {
    const chain = (depths: number) =>
      onGrid(
        ann(map(1), [
          neurons('read', map(1), [convolution(-1, [1])]),
          neurons('next', map(1), [convolution(0, [1])]),
          ...Array.from({ length: depths }, (_, i) => neurons(`${i}`, map(1), [convolution(i + 1, [1]), convolution(0, [1])])),
          readout(1, [convolution(depths + 1, [1])]),
        ]),
      );
    const plan = planTrains(chain(128), LIMITS, OPTIONS);
    expect(plan.dispatches.find(({ kernel }) => kernel === 'integrate')?.parameters.lines).toBe(128);
    const work = () => planTrains(chain(129), LIMITS, OPTIONS);
    expect(work).toThrow(expect.objectContaining({ code: 'too-many-terms', where: 'layer "read"' }));
  });

  it.each([{ timesteps: 0 }, { timesteps: 1.5 }, { timesteps: 65536 }, { batch: 0 }, { chunk: 6 }, { chunk: 0 }])(
    '%o is refused',
    (over) => {
      expect(() => planTrains(residual(), LIMITS, { ...OPTIONS, ...over })).toThrow(OptionError);
    },
  );
});
