import { describe, expect, it } from 'vitest';
import { OptionError } from '../../src/errors.ts';
import { layWeights } from '../../src/kernels/weights.ts';
import type { SpikingNeurons } from '../../src/network/network.ts';
import { wordSteps } from '../../src/network/timetable.ts';
import type { Neuron } from '../../src/neuron/neuron.ts';
import { totalBytes } from '../../src/plan/program.ts';
import { arithmeticsOf, longestWindow, planTrains, type TrainsOptions, trainsPackers } from '../../src/plan/trains/plan.ts';
import { bytesOf, contentOf } from '../helpers/program.ts';
import { ann, convolution, map, neurons, onGrid, pool, randomWeights, readout, square } from '../network/hand-made.ts';

const LIMITS = { maxStorageBufferBindingSize: 2 ** 27, maxBufferSize: 2 ** 30, maxUniformBufferBindingSize: 2 ** 16 };
const OPTIONS: TrainsOptions = {
  neuron: { name: 'bistable' },
  synchronous: true,
  timesteps: 30,
  batch: 3,
  initial: 'half',
  convolution: 'auto',
  arithmetic: 'packed',
};
const IF: Partial<TrainsOptions> = { neuron: { name: 'if' } };

/** Pixels → 20 channels → maxima → 12 channels → 5 classes. */
const trained = ann(map(3, 4), [
  neurons('first', map(20, 4), [convolution(-1, randomWeights(1, 20, 3))]),
  pool('max', 0, map(20, 4), 'max', square(2, { stride: [2, 2] })),
  neurons('second', map(12, 2), [convolution(1, randomWeights(2, 12, 20))]),
  readout(5, [convolution(2, randomWeights(3, 5, 48), square(2))]),
]);
const network = onGrid(trained);
const plan = (over: Partial<TrainsOptions> = {}, net = network) => planTrains(net, LIMITS, { ...OPTIONS, ...over });

describe('dispatches', () => {
  const inOrder = (over: Partial<TrainsOptions>) => plan(over).dispatches.map(({ kernel, name }) => `${kernel} ${name}`);

  it('what runs once a batch comes first, then layer by layer in the order in which they read each other', () => {
    expect(inOrder({})).toEqual([
      ...['encode input', 'inject first', 'start second'],
      ...['integrate first', 'pool-spikes max', 'fused second', 'fused-spikes second', 'integrate second', 'readout-steps readout'],
    ]);
    const once = plan().dispatches.filter(({ when }) => when.once);
    expect(once.map(({ kernel }) => kernel)).toEqual(['encode', 'inject', 'start']);
  });

  it('neurons without windows begin with the first step: nobody waits, and spikes come in every chunk', () => {
    expect(inOrder(IF)).toEqual([
      ...['encode input', 'inject first'],
      ...['integrate first', 'pool-spikes max', 'fused second', 'readout-steps readout'],
    ]);
  });

  it('a readout of the pixels has its weights once, bound by the current and by the steps alike', () => {
    const linear = onGrid(ann(map(3), [readout(5, [convolution(-1, randomWeights(1, 5, 3))])]));
    const { dispatches, contents } = plan({}, linear);
    expect(dispatches.map(({ kernel }) => kernel)).toEqual(['encode', 'inject', 'readout-steps']);
    expect(contents.filter(({ buffer }) => buffer === 'weights').length).toBe(1);
    expect(dispatches[2].ranges.weights).toEqual(dispatches[1].ranges.weights);
    // one that reads spikes alone has nothing to inject
    expect(
      plan()
        .dispatches.filter(({ name }) => name === 'readout')
        .map(({ kernel }) => kernel),
    ).toEqual(['readout-steps']);
  });

  it('spikes’ weights go through the constant path, those of the pixels do not; tables never do', () => {
    const { dispatches } = plan();
    const of = (wanted: string) => dispatches.find(({ kernel }) => kernel === wanted);
    expect(of('fused')?.variant.uniformWeights).toBe(true);
    expect(of('fused')?.ranges.weights.size).toBe(65536);
    const injected = layWeights(network, network.layers[0] as never).tileWords * 4 * 3;
    expect(of('inject')?.ranges.weights.size).toBe(injected);
    // an entry of 16 bytes for each channel of a tile, and as many for each term
    expect(of('fused')?.ranges.channels.size).toBe(2 * 16 * 16);
    expect(of('inject')?.ranges.channels.size).toBe(2 * 24 * 16);
  });
});

describe('arithmetic', () => {
  const packs = (over: Partial<TrainsOptions>, net = network) =>
    plan(over, net).contents.flatMap(({ buffer, pack, layer }) => (buffer === 'weights' ? [`${pack} ${layer}`] : []));

  it('weights of dense convolutions are transposed for halves; those of the pixels stay', () => {
    expect(packs({})).toEqual(['weights 0', 'weights 2', 'weights 3']);
    expect(packs({ arithmetic: 'halves' })).toEqual(['weights 0', 'transposed 2', 'transposed 3']);
    expect(packs({ arithmetic: 'integers' })).toEqual(['weights 0', 'weights 2', 'weights 3']);
  });

  it('is what is wanted where a term’s sums of spikes allow it; pools have floats', () => {
    expect(arithmeticsOf(network, 'halves')).toEqual(['halves', 'f32', 'halves', 'halves']);
    expect(arithmeticsOf(network, 'packed')).toEqual(['packed', 'f32', 'packed', 'packed']);
    expect(arithmeticsOf(network, 'f32')).toEqual(['f32', 'f32', 'f32', 'f32']);
  });

  it('halves hold sums of 16 bits with their sign, of a whole term, where a spike is 1', () => {
    const summing = (inputs: number) =>
      onGrid(
        ann(map(1), [
          neurons('many', map(inputs), [convolution(-1, new Float32Array(inputs).fill(1))]),
          neurons('sum', map(1), [convolution(0, new Float32Array(inputs).fill(1))]),
          readout(1, [convolution(1, [1])]),
        ]),
      );
    // every weight is 64 on the grid: 511 of them are 32,704, 512 are 2^15
    expect((summing(511).layers[1] as SpikingNeurons).terms[0].operator.weights[0]).toBe(64);
    expect([511, 512].map((inputs) => arithmeticsOf(summing(inputs), 'halves')[1])).toEqual(['halves', 'integers']);
    expect([511, 512].map((inputs) => packs({ arithmetic: 'halves' }, summing(inputs))[1])).toEqual(['transposed 1', 'weights 1']);
  });

  it('reaches the kernels', () => {
    const variants = (arithmetic: TrainsOptions['arithmetic']) =>
      plan({ arithmetic }).dispatches.find(({ kernel }) => kernel === 'fused')?.variant;
    expect(variants('packed')).toMatchObject({ packedDot: true, halves: false });
    expect(variants('halves')).toMatchObject({ packedDot: false, halves: true });
  });
});

describe('steps of a chunk', () => {
  it('bistable: the longest span in which no depth changes its state', () => {
    const of = (phaseBits: number[]) => longestWindow(onGrid(trained, { phaseBits }).timetable);
    // the pixels', which the first depth integrates; a word in the midst; the last, which the readout integrates
    expect([of([5, 3, 2]), of([2, 6, 3]), of([2, 3, 4])]).toEqual([5, 6, 4]);
    expect(plan({ timesteps: 2 }).capacity).toBe(4);
  });

  it('without windows: all, rounded up to groups of 4, or as many as are wanted', () => {
    const capacity = (over: Partial<TrainsOptions>) => plan({ ...IF, ...over }).capacity;
    expect([1, 4, 5, 30].map((timesteps) => capacity({ timesteps }))).toEqual([4, 4, 8, 32]);
    expect([4, 8, 40].map((chunk) => capacity({ chunk }))).toEqual([4, 8, 32]);
  });

  it('are halved, in groups of 4, until memory holds them; then the batch is', () => {
    const options = { ...IF, timesteps: 100, batch: 2 };
    const capacities = [100, 52, 28, 16, 8, 4];
    const found = (memory: number) => {
      const { capacity, batch } = plan({ ...options, memory });
      return [capacity, batch];
    };
    const bytes = (capacity: number, batch: number) => {
      const one = plan({ ...options, batch, chunk: capacity });
      expect(one.capacity).toBe(capacity);
      return totalBytes(one);
    };
    capacities.forEach((capacity, i) => {
      expect(found(bytes(capacity, 2))).toEqual([capacity, 2]);
      if (i > 0) expect(found(bytes(capacities[i - 1], 2) - 1)).toEqual([capacity, 2]);
    });
    expect(found(bytes(4, 2) - 1)[1]).toBe(1);
    expect(() => plan({ ...options, memory: bytes(4, 1) - 1 })).toThrow(
      expect.objectContaining({ code: 'too-large', where: 'network "by hand"' }),
    );
  });

  it.each([0, -4, 2, 6, 4.5, Number.NaN])('%d as a chunk is refused', (chunk) => {
    const work = () => plan({ ...IF, chunk });
    expect(work).toThrow(OptionError);
    const what = `${chunk} is not a positive multiple of 4`;
    expect(work).toThrow(expect.objectContaining({ code: 'chunk', where: 'chunk', what, remedy: 'leave it out' }));
  });

  it('T is a number of 16 bits', () => {
    const steps = onGrid(ann(map(1), [neurons('one', map(1), [convolution(-1, [1])]), readout(1, [convolution(0, [1])])]));
    expect(plan({ timesteps: 65535, batch: 1 }, steps).timesteps).toBe(65535);
    const refusal = expect.objectContaining({ code: 'timesteps', where: 'timesteps' });
    for (const timesteps of [0, 65536, 1.5]) expect(() => plan({ timesteps }, steps)).toThrow(refusal);
  });
});

describe('buffers', () => {
  it('hold what the layout says, 3 images, 30 steps', () => {
    const program = plan();
    const { layout } = program;
    const neuronCount = (20 * 16 + 12 * 4 + 5) * 3;
    expect(layout.neuronCount).toBe(neuronCount);
    expect(bytesOf(program)).toMatchObject({
      spikes: layout.words * 4,
      membranes: neuronCount * 4,
      counts: neuronCount * 4,
      decoded: neuronCount * 4,
      counters: 4 * 4,
      drive: 20 * 16 * 3 * 4,
      potentials: 30 * 3 * 5 * 4,
      // a load of four pixels may begin with the last
      pixels: 3 * 16 * 3 + 4,
      // the padding's four words for no channel and for one block of them; one word for 4 channels of a pixel
      words: (4 + 4 + 16 * 3) * 4,
      batch: 16,
      chunk: 16,
    });
  });

  it('what neurons add to begins with 0 in every batch; what is written first does not', () => {
    const cleared = Object.entries(plan().buffers).flatMap(([name, one]) => (one.cleared ? [name] : []));
    expect(cleared).toEqual(['spikes', 'membranes', 'counts', 'decoded', 'counters']);
  });

  it('read back: potentials of all steps, and a counter of spikes a layer', () => {
    const program = plan();
    expect(program.results).toEqual([
      { buffer: 'potentials', offset: 0, size: bytesOf(program).potentials },
      { buffer: 'counters', offset: 0, size: 16 },
    ]);
    expect([program.network, program.batch, program.timesteps, program.classes]).toEqual(['by hand', 3, 30, 5]);
    expect(program.timetable).toEqual(network.timetable);
    expect(wordSteps(program.timetable, 1)).toBeLessThanOrEqual(30);
  });

  it.each<[string, Neuron]>([
    ['bistable', { name: 'bistable' }],
    ['burst', { name: 'burst', most: 3 }],
  ])('%s: what is uploaded lies side by side within its buffer', (_, neuron) => {
    const one = plan({ neuron, convolution: neuron.name === 'burst' ? 'spikes' : 'auto' });
    const packers = trainsPackers(network, { neuron, initial: 'half' });
    const ends = new Map<string, number>();
    for (const content of one.contents) {
      const size = content.part?.size ?? packers[content.pack](content).byteLength;
      expect(content.offset).toBeGreaterThanOrEqual(ends.get(content.buffer) ?? 0);
      ends.set(content.buffer, content.offset + size);
    }
    expect([...ends.keys()].sort()).toEqual(['channels', 'events', 'weights', 'words']);
    for (const [name, end] of ends) {
      expect(end).toBeLessThanOrEqual(bytesOf(one)[name]);
      expect(contentOf(one, packers, name).some((byte) => byte !== 0)).toBe(true);
    }
  });

  it('words that stand for padding are uploaded once, and belong to no layer', () => {
    expect(plan().contents[0]).toEqual({ buffer: 'words', offset: 0, pack: 'padding', layer: -1 });
  });

  it('V(0) is half of what a spike takes from the membrane, or 0: θ = 2^g, without windows times 2^K of the own depth', () => {
    const net = onGrid(trained, { phaseBits: [4, 3, 2] });
    const { gridBits } = net.layers[2] as SpikingNeurons;
    /** V(0) of each channel, from the third column of the table; in θ. */
    const started = (neuron: Neuron, initial: 'half' | 'zero') => {
      const table = trainsPackers(net, { neuron, initial }).channels({ buffer: 'channels', offset: 0, pack: 'channels', layer: 2 });
      return new Set(Array.from(gridBits, (g, channel) => (table as Int32Array)[channel * 4 + 2] / 2 ** g));
    };
    expect(Math.min(...gridBits)).toBeGreaterThan(0);
    expect([started({ name: 'bistable' }, 'half'), started({ name: 'bistable' }, 'zero')]).toEqual([new Set([0.5]), new Set([0])]);
    expect([started({ name: 'if' }, 'half'), started({ name: 'if' }, 'zero')]).toEqual([new Set([2]), new Set([0])]);
  });

  it('weights as events: two words for each channel and place of a kernel, of each tile; where they may be driven by spikes', () => {
    const program = plan();
    const events = program.contents.filter(({ buffer }) => buffer === 'events');
    expect(events).toEqual([{ buffer: 'events', offset: 0, pack: 'events', layer: 2, first: 0, tiles: 2 }]);
    const range = program.dispatches.find(({ kernel }) => kernel === 'fused-spikes')?.ranges.events;
    expect(range).toEqual({ offset: 0, size: 2 * 20 * 8 });
    expect(plan({ convolution: 'dense' }).contents.some(({ buffer }) => buffer === 'events')).toBe(false);
  });
});
