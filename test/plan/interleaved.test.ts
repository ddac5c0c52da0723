import { describe, expect, it } from 'vitest';
import { OptionError } from '../../src/errors.ts';
import { recordOf } from '../../src/kernels/kernel.ts';
import { wordSteps } from '../../src/network/timetable.ts';
import { type InterleavedProgram, passesOfCycle, planInterleaved } from '../../src/plan/trains/interleaved.ts';
import { planTrains, type TrainsOptions, trainsPackers } from '../../src/plan/trains/plan.ts';
import { bytesOf, contentOf } from '../helpers/program.ts';
import { ann, convolution, map, neurons, onGrid, pool, readout, shortcut, square } from '../network/hand-made.ts';

const LIMITS = { maxStorageBufferBindingSize: 2 ** 27, maxBufferSize: 2 ** 30, maxUniformBufferBindingSize: 2 ** 16 };
const OPTIONS: Omit<TrainsOptions, 'timesteps' | 'chunk'> = {
  neuron: { name: 'bistable' },
  synchronous: true,
  batch: 3,
  initial: 'half',
  convolution: 'dense',
  arithmetic: 'packed',
};

/**
 * K = 4, 3, 2: "early" integrates in [0, 4) and fires in [4, 7), "late" in [4, 7) and [7, 9), the readout integrates in [7, 9).
 * Alone an image has a period of 7 steps; in a stream a new one comes every 4.
 */
const network = onGrid(
  ann(map(2), [
    neurons('early', map(3), [convolution(-1, [1, 2, 3, 4, 5, 6])]),
    neurons('late', map(3), [shortcut(0, [1, 2, 3])]),
    readout(5, [
      convolution(
        1,
        Array.from({ length: 15 }, (_, i) => i),
      ),
    ]),
  ]),
  { phaseBits: [4, 3, 2] },
);
const plan = (over: Partial<typeof OPTIONS> = {}, net = network) => planInterleaved(net, LIMITS, { ...OPTIONS, ...over });
/** The stepped engine's program of one image in one cycle. */
const planOne = () => planTrains(network, LIMITS, { ...OPTIONS, timesteps: 4 });
/** Those of the first set; as many of the second follow. */
const firstSet = ({ dispatches }: InterleavedProgram) => dispatches.slice(0, dispatches.length / 2);

/** What every image has for itself while it is in the network. */
const OWN = ['spikes', 'membranes', 'counts', 'decoded', 'drive', 'potentials', 'pixels', 'words'];

describe('times of a stream', () => {
  it('a new image every max K steps, logits after T_1, a set’s next image two cycles later', () => {
    const program = plan();
    expect(program.cycle).toBe(4);
    expect(program.latency).toBe(9);
    expect(program.latency).toBe(wordSteps(network.timetable, 1));
    expect(program.timetable).toEqual({ ...network.timetable, period: 8 });
    // as many steps as no depth changes its state in
    expect(program.capacity).toBe(4);
    expect([program.network, program.batch, program.classes]).toEqual(['by hand', 3, 5]);
  });

  it('membranes begin anew with every window: kernels know the period of two cycles, and nobody is started once a batch', () => {
    const program = plan();
    expect(program.dispatches.some(({ kernel, when }) => kernel === 'start' || when.once)).toBe(false);
    const times = firstSet(program).flatMap(({ name, parameters }) => {
      const { start, again, period } = parameters;
      return start === undefined ? [] : [[name, start, again, period]];
    });
    expect(new Set(times.map(String))).toEqual(new Set(['early,0,8,8', 'late,4,8,8', 'readout,7,8,8']));
  });

  it('shortcuts are held back by synchronous neurons', () => {
    const skipping = onGrid(
      ann(map(1), [
        neurons('a', map(1), [convolution(-1, [1])]),
        neurons('b', map(1), [convolution(0, [1])]),
        neurons('c', map(1), [convolution(1, [1]), shortcut(0, [1])]),
        readout(1, [convolution(2, [1])]),
      ]),
    );
    const { dispatches } = plan({}, skipping);
    // "a" sends a word of 4 steps, which "c" reads as many steps later than "b"
    const held = dispatches.flatMap(({ kernel, name, parameters }) => {
      const line = parameters.line as unknown as readonly { readonly hold: number }[];
      return kernel === 'integrate' ? [[name, ...line.map(({ hold }) => hold)]] : [];
    });
    expect(held.slice(0, 3)).toEqual([['a', 4], ['b'], ['c']]);
    // so that both words come when "c" integrates, from step 8 on
    const terms = dispatches.find(({ kernel, name }) => kernel === 'fused' && name === 'c')?.parameters.term;
    expect((terms as unknown as readonly { readonly first: number }[]).map(({ first }) => first)).toEqual([8, 8]);
  });
});

describe('two sets', () => {
  it('each has its own of what an image changes, at a place that can be bound; weights and tables are there once', () => {
    const [one, program] = [planOne(), plan()];
    const [single, both] = [bytesOf(one), bytesOf(program)];
    expect(Object.keys(both)).toEqual(Object.keys(single));
    for (const name of Object.keys(both)) {
      const slot = Math.ceil(single[name] / 256) * 256;
      expect([name, both[name]]).toEqual([name, OWN.includes(name) ? 2 * slot : single[name]]);
      const { usage, cleared } = program.buffers[name];
      expect({ usage, cleared }).toEqual({ usage: one.buffers[name].usage, cleared: one.buffers[name].cleared });
    }
  });

  it('are the same dispatches over the two halves of these buffers', () => {
    const program = plan();
    const bytes = bytesOf(program);
    const half = program.dispatches.length / 2;
    for (const [d, dispatch] of program.dispatches.entries()) {
      const twin = program.dispatches[(d + half) % program.dispatches.length];
      expect({ ...dispatch, ranges: null }).toEqual({ ...twin, ranges: null });
      const declared = new Set(recordOf(dispatch.kernel).bindings.map(({ name }) => name));
      for (const name of declared) {
        if (!OWN.includes(name)) expect(dispatch.ranges[name]).toEqual(twin.ranges[name]);
        else expect(dispatch.ranges[name]).toEqual({ offset: d < half ? 0 : bytes[name] / 2, size: bytes[name] / 2 });
      }
      // and no range of anything that the kernel does not know
      for (const name of Object.keys(dispatch.ranges)) expect(declared).toContain(name);
    }
  });

  it('weights and tables are bound as in the plan of one image', () => {
    const bound = (dispatches: InterleavedProgram['dispatches']) =>
      dispatches
        .filter(({ kernel }) => kernel !== 'start')
        .map(({ kernel, name, ranges }) =>
          [kernel, name, ranges.weights, ranges.channels].map((part) => JSON.stringify(part)).join(' '),
        )
        .sort();
    expect(bound(firstSet(plan()))).toEqual(bound(planOne().dispatches));
    expect(plan().dispatches.find(({ kernel }) => kernel === 'inject')?.ranges.weights.size).toBeGreaterThan(0);
  });

  it('what stands for padding is written into the words of both', () => {
    // pixels of value 0 are words of the input's zero point: uploaded once a set, the rest is not
    const program = plan();
    const words = contentOf(program, trainsPackers(network, OPTIONS), 'words');
    const [first, second] = [words.subarray(0, words.length / 2), words.subarray(words.length / 2)];
    expect(first.some((byte) => byte !== 0)).toBe(true);
    expect(second).toEqual(first);
    for (const name of ['weights', 'channels']) {
      const of = (contents: typeof program.contents) => contents.filter(({ buffer }) => buffer === name);
      expect(of(program.contents)).toEqual(of(planOne().contents));
    }
  });

  it('an image’s potentials after its last step are the row of that step, 3 images of 5 classes', () => {
    const [first, second] = plan().last;
    // step 8 is the first of the third cycle
    expect(first).toEqual({ offset: 0, size: 60 });
    expect(second).toEqual({ offset: 256, size: 60 });
    const even = onGrid(ann(map(2), [readout(5, [convolution(-1, new Array(10).fill(1))])]));
    // 4 steps of one image and class: the last row is the fourth
    expect(plan({ batch: 1 }, even).last).toEqual([
      { offset: 60, size: 20 },
      { offset: 256 + 60, size: 20 },
    ]);
    expect(plan().results).toEqual([]);
  });
});

describe('passes of a cycle', () => {
  /** "set: first step+steps, row: kernel layer, …". */
  const passes = (index: number, program = plan()) =>
    passesOfCycle(program, index).map(({ chunk, dispatches, mark }) => {
      expect(mark).toBe(null);
      const sets = new Set(dispatches.map((d) => (d < firstSet(program).length ? 'even' : 'odd')));
      const run = dispatches.map((d) => `${program.dispatches[d].kernel} ${program.dispatches[d].name}`);
      return `${[...sets]}: ${chunk?.step}+${chunk?.steps}, row ${chunk?.row}: ${run.join(', ')}`;
    });
  const begin = 'encode input, inject early';

  it('the first image is alone', () => {
    expect(passes(0)).toEqual([
      `even: 0+1, row 0: ${begin}, integrate early, readout-steps readout`,
      'even: 1+3, row 1: integrate early, readout-steps readout',
    ]);
  });

  it('the second begins in the other set while the first is on its way; each counts from its own onset', () => {
    expect(passes(1)).toEqual([
      'even: 4+3, row 0: integrate early, fused late, readout-steps readout',
      'even: 7+1, row 3: integrate early, integrate late, readout-steps readout',
      `odd: 0+1, row 0: ${begin}, integrate early, readout-steps readout`,
      'odd: 1+3, row 1: integrate early, readout-steps readout',
    ]);
    expect(passes(2)).toEqual([
      `even: 8+1, row 0: ${begin}, integrate early, integrate late, readout-steps readout`,
      'even: 9+3, row 1: integrate early, integrate late, readout-steps readout',
      'odd: 4+3, row 0: integrate early, fused late, readout-steps readout',
      'odd: 7+1, row 3: integrate early, integrate late, readout-steps readout',
    ]);
  });

  it('a session of both forms streams densely', () => {
    const both = plan({ convolution: 'auto' });
    expect(both.dispatches.some(({ kernel }) => kernel === 'fused-spikes')).toBe(true);
    expect(passes(1, both)).toEqual(passes(1));
  });

  it('image m begins in cycle m, with set m mod 2, and nobody else does', () => {
    for (let m = 0; m < 9; m++) {
      const encoded = passes(m).filter((pass) => pass.includes('encode'));
      expect(encoded.map((pass) => pass.split(':')[0])).toEqual([m % 2 === 0 ? 'even' : 'odd']);
    }
  });

  it('each set of every cycle computes each of its steps once', () => {
    for (const index of [1, 2, 7]) {
      const steps = passesOfCycle(plan(), index).flatMap(({ chunk }) =>
        Array.from({ length: chunk?.steps ?? 0 }, (_, i) => (chunk?.step ?? 0) + i),
      );
      const of = (first: number) => Array.from({ length: 4 }, (_, i) => first + i);
      expect(steps).toEqual([...of(4 * index), ...of(4 * (index - 1))]);
    }
  });
});

describe('refusals', () => {
  const refused = (over: Partial<typeof OPTIONS>, net = network) => {
    const work = () => plan(over, net);
    expect(work).toThrow(OptionError);
    return work;
  };

  it.each<[string, Partial<typeof OPTIONS>]>([
    ['neurons without windows', { neuron: { name: 'if' } }],
    ['terms that nobody holds back', { synchronous: false }],
  ])('%s', (_, over) => {
    const what = 'images are interleaved in neurons with windows and synchronous neurons only';
    const remedy = 'use bistable neurons, or run()';
    expect(refused(over)).toThrow(expect.objectContaining({ code: 'neuron', where: 'stream', what, remedy }));
  });

  it('a layer that reads the pixels when they are the next image’s, whatever else it reads', () => {
    /** What is behind the first layer reads `terms`; a pool is behind both. */
    const reading = (...terms: Parameters<typeof neurons>[2]) =>
      onGrid(
        ann(map(1), [
          neurons('early', map(1), [convolution(-1, [1]), convolution(-1, [2])]),
          neurons('between', map(1), [convolution(0, [1])]),
          pool('pooled', 1, map(1), 'max', square(1)),
          neurons('late', map(1), terms),
          readout(1, [convolution(3, [1])]),
        ]),
      );
    const what = "reads the pixels at depth 3, when the next image's are there";
    const refusal = { code: 'neuron', where: 'layer "late"', what, remedy: 'use run()' };
    expect(refused({}, reading(convolution(2, [1]), convolution(-1, [1])))).toThrow(expect.objectContaining(refusal));
    expect(plan({}, reading(convolution(2, [1]))).cycle).toBe(4);
  });

  it('a readout that reads them beside the first depth, too', () => {
    const terms = [convolution(0, [1]), convolution(-1, [1])];
    const both = onGrid(ann(map(1), [neurons('early', map(1), [convolution(-1, [1])]), readout(1, terms)]));
    expect(refused({}, both)).toThrow(expect.objectContaining({ where: 'layer "readout"' }));
  });

  it('memory: first the batch is cut, then no image fits', () => {
    const of = (batch: number) => plan({ batch });
    const bytes = (batch: number) => Object.values(bytesOf(of(batch))).reduce((sum, one) => sum + one, 0);
    const cut = (memory: number) => plan({ batch: 64, memory });
    expect(cut(bytes(64)).batch).toBe(64);
    expect(cut(bytes(64) - 1)).toEqual(of(32));
    expect(() => cut(bytes(1) - 1)).toThrow(expect.objectContaining({ code: 'too-large', where: 'network "by hand"' }));
  });
});
