import { describe, expect, it } from 'vitest';
import { OptionError } from '../../src/errors.ts';
import { ALWAYS, from, ONCE } from '../../src/kernels/trains.ts';
import { makeTimetable } from '../../src/network/timetable.ts';
import { cutStretch } from '../../src/plan/trains/chunks.ts';
import { isDue, passesOf } from '../../src/plan/trains/passes.ts';
import { planTrains, type TrainsOptions, type TrainsProgram } from '../../src/plan/trains/plan.ts';
import { ann, convolution, map, neurons, onGrid, readout } from '../network/hand-made.ts';

const LIMITS = { maxStorageBufferBindingSize: 2 ** 27, maxBufferSize: 2 ** 30, maxUniformBufferBindingSize: 2 ** 16 };
const OPTIONS: TrainsOptions = {
  neuron: { name: 'bistable' },
  synchronous: true,
  timesteps: 14,
  batch: 1,
  initial: 'half',
  convolution: 'auto',
  arithmetic: 'packed',
};

/** Words of 4 steps: "early" sends from step 4 on, "late" from step 8, and every 8 steps again; "late" reads "early". */
const network = onGrid(
  ann(map(1), [
    neurons('early', map(1), [convolution(-1, [1])]),
    neurons('late', map(1), [convolution(0, [1])]),
    readout(1, [convolution(1, [1])]),
  ]),
);
const plan = (over: Partial<TrainsOptions> = {}) => planTrains(network, LIMITS, { ...OPTIONS, ...over });

/** What runs in each pass: "first step+steps: kernel layer, …". */
const passes = (program: TrainsProgram, forms: readonly ('dense' | 'spikes')[], checkpoints?: number[], capacity?: number) =>
  passesOf(program, forms, checkpoints, capacity).map(({ chunk, dispatches }) => {
    const run = dispatches.map((d) => `${program.dispatches[d].kernel} ${program.dispatches[d].name}`);
    return `${chunk?.step}+${chunk?.steps}: ${run.join(', ')}`;
  });

const DENSE = ['dense', 'dense', 'dense'] as const;
const ONCE_A_BATCH = 'encode input, inject early, start late';

describe('what runs in a pass', () => {
  it('bistable: once a batch the pixels and V(0) of who waits; convolutions where spikes come; the readout always', () => {
    expect(passes(plan(), DENSE)).toEqual([
      `0+4: ${ONCE_A_BATCH}, integrate early, readout-steps readout`,
      '4+4: integrate early, fused late, readout-steps readout',
      '8+4: integrate early, integrate late, readout-steps readout',
      '12+2: integrate early, fused late, readout-steps readout',
    ]);
  });

  it('a layer convolves in the form that it is in, the others in theirs', () => {
    expect(passes(plan(), ['dense', 'spikes', 'dense'])).toEqual([
      `0+4: ${ONCE_A_BATCH}, integrate early, readout-steps readout`,
      '4+4: integrate early, fused-spikes late, readout-steps readout',
      '8+4: integrate early, integrate late, readout-steps readout',
      '12+2: integrate early, fused-spikes late, readout-steps readout',
    ]);
  });

  it('where a plan has one form only, that runs whatever is asked for', () => {
    const [, second] = passes(plan({ convolution: 'spikes' }), DENSE);
    expect(second).toBe('4+4: integrate early, fused-spikes late, readout-steps readout');
  });

  it('neurons without windows: everything in every chunk, which memory alone bounds', () => {
    const every = 'integrate early, fused late, readout-steps readout';
    const free = plan({ neuron: { name: 'if' } });
    expect(passes(free, DENSE)).toEqual([`0+14: encode input, inject early, ${every}`]);
    expect(passes(free, DENSE, [], 8)).toEqual([`0+8: encode input, inject early, ${every}`, `8+6: ${every}`]);
    expect(passes(plan({ neuron: { name: 'if' }, chunk: 8 }), DENSE).length).toBe(2);
  });
});

describe('checkpoints', () => {
  it('are marks of the passes that end there, and of no others', () => {
    const marks = (checkpoints?: number[]) => passesOf(plan(), DENSE, checkpoints).map(({ mark }) => mark);
    expect(marks()).toEqual([null, null, null, null]);
    expect(marks([1, 8, 14])).toEqual([1, null, 8, null, 14]);
  });

  it('cut neurons without windows too', () => {
    const found = passesOf(plan({ neuron: { name: 'if' } }), DENSE, [5]);
    expect(found.map(({ chunk, mark }) => [chunk, mark])).toEqual([
      [{ step: 0, steps: 5, row: 0 }, 5],
      [{ step: 5, steps: 9, row: 5 }, null],
    ]);
  });

  it.each([0, -3, 15, 2.5, Number.NaN])('%d of 14 steps is refused', (wrong) => {
    const work = () => passesOf(plan(), DENSE, [4, wrong]);
    expect(work).toThrow(OptionError);
    const what = `${wrong} is not a step count from 1 to 14`;
    expect(work).toThrow(expect.objectContaining({ code: 'checkpoints', where: 'checkpoints', what, remedy: 'correct it' }));
  });
});

describe('whether a dispatch is due', () => {
  const due = (when: Partial<typeof ALWAYS>, step: number, form: 'dense' | 'spikes' = 'dense') =>
    isDue({ ...ALWAYS, ...when }, { step, steps: 1, row: 0 }, 10, form);
  const steps = (when: Partial<typeof ALWAYS>) => Array.from({ length: 25 }, (_, t) => t).filter((t) => due(when, t));

  it('once: in the first step alone', () => {
    expect([0, 1, 10].map((t) => due(ONCE, t))).toEqual([true, false, false]);
  });

  it('from a span on, and a period later again; never before it', () => {
    expect(steps({ during: [{ first: 12, steps: 2 }] })).toEqual([12, 13, 22, 23]);
    expect(steps({ during: [from(23)] })).toEqual([23, 24]);
  });

  it('in one of several spans, and in none of those that are excepted', () => {
    const during = [
      { first: 3, steps: 2 },
      { first: 5, steps: 1 },
    ];
    expect(steps({ during })).toEqual([3, 4, 5, 13, 14, 15, 23, 24]);
    expect(steps({ except: [from(2)] })).toEqual([0, 1]);
    expect(steps({ during, except: [{ first: 4, steps: 1 }, from(14)] })).toEqual([3, 5, 13]);
    expect(steps({ during: [] })).toEqual([]);
  });

  it('in its form, where it has one', () => {
    expect([null, 'dense', 'spikes'].map((form) => due({ form: form as 'dense' | null }, 0))).toEqual([true, true, false]);
    expect([null, 'dense', 'spikes'].map((form) => due({ form: form as 'dense' | null }, 0, 'spikes'))).toEqual([
      true,
      false,
      true,
    ]);
  });
});

describe('steps in the midst of a stream', () => {
  // depth 1 integrates in [0, 4) and fires in [4, 7), depth 2 in [4, 7) and [7, 9): a state changes at 0, 4, 7 and 1 of 8
  const timetable = { ...makeTimetable([4, 3, 2]), period: 8 };
  const spans = (first: number, steps: number, capacity = 8) =>
    cutStretch(timetable, first, steps, capacity).map(({ step, steps: count, row }) => [step, count, row]);

  it('are cut where a depth changes its state, in every period the same; the first has row 0', () => {
    const cut = [
      [4, 3, 0],
      [7, 1, 3],
      [8, 1, 4],
      [9, 3, 5],
    ];
    expect(spans(4, 8)).toEqual(cut);
    expect(spans(804, 8)).toEqual(cut.map(([step, count, row]) => [step + 800, count, row]));
  });

  it('begin and end where it is asked for, and keep to the capacity', () => {
    expect(spans(5, 1)).toEqual([[5, 1, 0]]);
    expect(spans(9, 3, 2)).toEqual([
      [9, 2, 0],
      [11, 1, 2],
    ]);
    expect(spans(9, 3, 3)).toEqual([[9, 3, 0]]);
  });
});
