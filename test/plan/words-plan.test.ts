import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeviceError, OptionError } from '../../src/errors.ts';
import { layWeights, packWeights } from '../../src/kernels/weights.ts';
import type { SpikingNetwork } from '../../src/network/network.ts';
import { layerMacs } from '../../src/network/work.ts';
import type { PlanLimits } from '../../src/plan/fit.ts';
import { totalBytes } from '../../src/plan/program.ts';
import { planWords, type WordsProgram, wordsPackers } from '../../src/plan/words/plan.ts';
import { quantize } from '../../src/quantize/quantize.ts';
import { bytesOf, contentOf, isUniform } from '../helpers/program.ts';
import { randomNetwork, recipes } from '../helpers/random-network.ts';
import { ann, convolution, map, neurons, pool, readout, SAME, shortcut, square } from '../network/hand-made.ts';

/** What every WebGPU device offers. */
const LIMITS: PlanLimits = {
  maxStorageBufferBindingSize: 2 ** 27,
  maxBufferSize: 2 ** 28,
  maxUniformBufferBindingSize: 2 ** 16,
};

const network = randomNetwork({ seed: 12, layers: 5, channels: 20, size: 9, phaseBits: 4, waves: 2, initial: 'half' });

/** A layer of `outputs` channels over `inputs` channels, 3 × 3. */
function large(inputs: number, outputs: number): SpikingNetwork {
  const weights = Float32Array.from({ length: outputs * inputs * 9 }, (_, i) => ((i * 7919) % 255) / 127 - 1);
  const net = ann(map(inputs, 2), [
    neurons('large', map(outputs, 2), [convolution(-1, weights, SAME)]),
    readout(3, [convolution(0, new Float32Array(3 * outputs * 4).fill(0.1), { ...SAME, kernel: [2, 2], pads: [0, 0, 0, 0] })]),
  ]);
  return quantize(net, { phaseBits: 4, initial: 'half', scales: [4, 1], mean: [0.5], std: [0.25] });
}

describe('a plan', () => {
  it('is printable: JSON and back', () => {
    const plan = planWords(network, LIMITS, { batch: 8, waves: 2, keepMembranes: true });
    const printed = JSON.parse(JSON.stringify(plan)) as WordsProgram;
    expect(printed).toEqual(plan);
  });

  it('is pure: the same network, limits and options give an equal plan', () => {
    fc.assert(
      fc.property(recipes, fc.integer({ min: 1, max: 100 }), (recipe, batch) => {
        const net = randomNetwork(recipe);
        const before = structuredClone(net);
        const options = { batch, waves: recipe.waves };
        expect(planWords(net, LIMITS, options)).toEqual(planWords(net, LIMITS, options));
        expect(net).toEqual(before);
      }),
      { numRuns: 30, seed: 59 },
    );
  });

  it('has one dispatch a layer, in order, after the pixels', () => {
    const plan = planWords(network, LIMITS, { batch: 8, waves: 2 });
    expect(plan.dispatches.map(({ layer }) => layer)).toEqual([-1, ...network.layers.keys()]);
    expect(plan.dispatches[0].kernel).toBe('encode');
    expect(plan.dispatches.at(-1)?.kernel).toBe('readout');
  });

  it('tells the multiply-adds: each layer’s for one image and wave, times both', () => {
    const plan = planWords(network, LIMITS, { batch: 8, waves: 3 });
    for (const { layer, macs } of plan.dispatches) {
      const of = network.layers[layer];
      expect(macs).toBe(of === undefined || of.kind === 'pool' ? 0 : layerMacs(of) * 24);
    }
    const [by] = large(3, 5).layers;
    expect(by.kind === 'neurons' && layerMacs(by)).toBe(4 * 5 * 3 * 9);
  });
});

describe('bytes', () => {
  it.each([1, 7, 8, 64])('batch %i: data that is uploaded lies within its buffer', (batch) => {
    const plan = planWords(network, LIMITS, { batch, waves: 2, keepMembranes: true });
    const { shape } = network.input;
    const packers = wordsPackers(network);
    for (const name of ['weights', 'channels', 'words'])
      expect(contentOf(plan, packers, name).some((byte) => byte !== 0)).toBe(true);
    expect(bytesOf(plan).words).toBe(plan.regions.words * 4);
    expect(bytesOf(plan).pixels).toBeGreaterThanOrEqual(batch * shape.channels * shape.height * shape.width);
    expect(bytesOf(plan).potentials).toBe(2 * 4 * batch * plan.classes * 4);
    const neuronCount = network.layers.reduce(
      (total, { kind, shape: s }) => total + (kind === 'neurons' ? s.channels * s.height * s.width : 0),
      0,
    );
    expect(bytesOf(plan).membranes).toBe(neuronCount * batch * 4);
    expect(bytesOf(planWords(network, LIMITS, { batch, waves: 2 })).membranes).toBe(0);
  });

  it('membranes of each layer lie behind those of the layers before it', () => {
    const plan = planWords(network, LIMITS, { batch: 8, waves: 1, keepMembranes: true });
    let end = 0;
    network.layers.forEach((layer, l) => {
      if (layer.kind !== 'neurons') expect(plan.membranes[l]).toBe(-1);
      else {
        expect(plan.membranes[l]).toBe(end);
        end += layer.shape.channels * layer.shape.height * layer.shape.width * 8;
      }
    });
    expect(bytesOf(plan).membranes).toBe(end * 4);
  });

  it('the whole arena is read back where its words are wanted, behind potentials and counters', () => {
    const results = (readWords: boolean) => planWords(network, LIMITS, { batch: 8, waves: 2, readWords }).results;
    const { words } = bytesOf(planWords(network, LIMITS, { batch: 8, waves: 2, keepWords: true }));
    expect(results(false).map(({ buffer }) => buffer)).toEqual(['potentials', 'counters']);
    expect(results(true)).toEqual([...results(false), { buffer: 'words', offset: 0, size: words }]);
  });

  it('V(0) is half of θ = 2^g, or 0', () => {
    const started = (initial: 'half' | 'zero') => {
      const table = wordsPackers({ ...network, initial }).channels({ buffer: 'channels', offset: 0, pack: 'channels', layer: 0 });
      return (table as Int32Array)[2];
    };
    const [first] = network.layers;
    const g = first.kind === 'pool' ? 0 : first.gridBits[0];
    expect(g).toBeGreaterThan(0);
    expect([started('half'), started('zero')]).toEqual([2 ** g / 2, 0]);
  });

  it('keepWords takes more, never less', () => {
    const bytes = (keepWords: boolean) => bytesOf(planWords(network, LIMITS, { batch: 8, waves: 2, keepWords })).words;
    expect(bytes(true)).toBeGreaterThan(bytes(false));
  });
});

describe('pool and readout', () => {
  it.each([
    { K: 1, quads: 1 },
    { K: 4, quads: 1 },
    { K: 5, quads: 2 },
    { K: 8, quads: 2 },
  ])('K = $K: an invocation a wave and four phases', ({ K, quads }) => {
    const [waves, batch] = [3, 10];
    const shape = map(6, 4);
    const inner = pool('inner', 0, shape, 'average', square(2, { stride: [2, 2] }));
    const net = ann(map(2, 4), [
      neurons('first', shape, [convolution(-1, new Float32Array(12).fill(0.1))]),
      inner,
      neurons('second', inner.shape, [shortcut(1, [1, 1, 1, 1, 1, 1])]),
      pool('last', 2, inner.shape, 'average', square(2)),
      readout(9, [convolution(3, new Float32Array(54).fill(0.1))]),
    ]);
    const network = quantize(net, { phaseBits: K, initial: 'half', scales: [1, 1, 1, 1, 1], mean: [0], std: [1] });
    const extents = planWords(network, LIMITS, { batch, waves })
      .dispatches.filter(({ kernel }) => kernel === 'pool' || kernel === 'readout')
      .map(({ name, invocations, tiles }) => [name, invocations * tiles]);
    // blocks of 4 channels × places × images × waves: prefixes are pooled for the readout alone; tiles of 8 classes
    expect(extents).toEqual([
      ['inner', 2 * 4 * batch * waves],
      ['last', 2 * batch * waves * quads],
      ['readout', 2 * batch * waves * quads],
    ]);
  });
});

/** Few weights over a large map: what grows with the batch is all that counts. */
function wide(): SpikingNetwork {
  const shape = map(4, 24);
  const weights = Float32Array.from({ length: 4 * 4 * 9 }, (_, i) => ((i * 7919) % 255) / 127 - 1);
  const net = ann(shape, [
    neurons('first', shape, [convolution(-1, weights, SAME)]),
    neurons('second', shape, [convolution(0, weights, SAME), shortcut(0, [1, 1, 1, 1])]),
    pool('global', 1, shape, 'average', square(24)),
    readout(3, [convolution(2, new Float32Array(12).fill(0.1))]),
  ]);
  return quantize(net, { phaseBits: 4, initial: 'half', scales: [4, 4, 1, 1], mean: [0.5], std: [0.25] });
}

describe('the batch is cut to the limits', () => {
  const network = wide();
  // bound as storage, weights have no 64 KiB of room behind them
  const options = { waves: 2, weights: 'storage' } as const;
  const whole = planWords(network, LIMITS, { batch: 64, ...options });
  const single = planWords(network, LIMITS, { batch: 1, ...options });
  const widest = (plan: WordsProgram) => Math.max(...Object.values(bytesOf(plan)));

  it.each(['maxStorageBufferBindingSize', 'maxBufferSize'] as const)(
    '%s: every buffer keeps it, and no batch is cut without need',
    (limit) => {
      for (const fraction of [1, 0.9, 0.5, 0.2, 0.1]) {
        const bytes = Math.max(widest(single), Math.floor(widest(whole) * fraction));
        const plan = planWords(network, { ...LIMITS, [limit]: bytes }, { batch: 64, ...options });
        expect(widest(plan)).toBeLessThanOrEqual(bytes);
        if (plan.batch < 64)
          expect(widest(planWords(network, LIMITS, { batch: plan.batch * 2, ...options }))).toBeGreaterThan(bytes);
        if (fraction === 1) expect(plan).toEqual(whole);
      }
    },
  );

  it('down to one image, and not further', () => {
    const cut = planWords(network, { ...LIMITS, maxStorageBufferBindingSize: widest(single) }, { batch: 64, ...options });
    expect(cut).toEqual(single);
    const tooSmall = () =>
      planWords(network, { ...LIMITS, maxStorageBufferBindingSize: widest(single) - 1 }, { batch: 64, ...options });
    expect(tooSmall).toThrow(DeviceError);
    expect(tooSmall).toThrow(expect.objectContaining({ code: 'too-large', where: expect.stringContaining(network.name) }));
  });

  it('the memory option bounds all buffers together', () => {
    const plan = planWords(network, LIMITS, { batch: 64, ...options, memory: totalBytes(whole) - 1 });
    expect(plan.batch).toBe(32);
    expect(planWords(network, LIMITS, { batch: 64, ...options, memory: totalBytes(whole) })).toEqual(whole);
    expect(() => planWords(network, LIMITS, { batch: 64, ...options, memory: totalBytes(single) - 1 })).toThrow(/one image/);
  });

  it('a batch that is no power of two is halved too', () => {
    const limit = widest(planWords(network, LIMITS, { batch: 3, ...options }));
    const plan = planWords(network, { ...LIMITS, maxStorageBufferBindingSize: limit }, { batch: 7, ...options });
    expect(plan.batch).toBe(3);
  });
});

describe('options out of range', () => {
  it.each([
    { batch: 0, waves: 1, where: 'batch' },
    { batch: -3, waves: 1, where: 'batch' },
    { batch: 1.5, waves: 1, where: 'batch' },
    { batch: 65536, waves: 1, where: 'batch' },
    { batch: Number.NaN, waves: 1, where: 'batch' },
    { batch: Infinity, waves: 1, where: 'batch' },
    { batch: 1, waves: 0, where: 'waves' },
    { batch: 1, waves: 129, where: 'waves' },
    { batch: 1, waves: 2.5, where: 'waves' },
    { batch: 1, waves: Number.NaN, where: 'waves' },
  ])('batch $batch, waves $waves', ({ batch, waves, where }) => {
    const work = () => planWords(network, LIMITS, { batch, waves });
    expect(work).toThrow(OptionError);
    expect(work).toThrow(expect.objectContaining({ where, exitCode: 2 }));
  });

  it('the ends of the range are taken', () => {
    expect(planWords(network, LIMITS, { batch: 1, waves: 128 }).waves).toBe(128);
    const tiny = randomNetwork({ seed: 1, layers: 1, channels: 1, size: 1, phaseBits: 1, waves: 1, initial: 'zero' });
    expect(planWords(tiny, LIMITS, { batch: 65535, waves: 1 }).batch).toBe(65535);
  });
});

describe('weights through uniform bindings', () => {
  it('a layer of more than 64 KiB is cut into shares of whole tiles, each at a multiple of 256 and within one binding', () => {
    const net = large(64, 256); // 64 · 256 · 9 = 147,456 bytes
    const plan = planWords(net, LIMITS, { batch: 4, waves: 1, weights: 'uniform' });
    const shares = plan.dispatches.filter(({ kernel }) => kernel === 'accumulate');
    const layer = net.layers[0] as Parameters<typeof packWeights>[1];
    const tileBytes = layWeights(net, layer).tileWords * 4;
    const packed = new Uint8Array(packWeights(net, layer).buffer);
    const uploaded = contentOf(plan, wordsPackers(net), 'weights');
    expect(shares.length).toBe(3);
    let tile = 0;
    for (const { ranges, variant, parameters, tiles } of shares) {
      const { offset, size } = ranges.weights;
      expect(variant.uniformWeights).toBe(true);
      expect(size).toBe(65536);
      expect(offset % 256).toBe(0);
      // a binding of full size ends within the buffer
      expect(offset + size).toBeLessThanOrEqual(bytesOf(plan).weights);
      expect(parameters.firstTile).toBe(tile);
      const own = uploaded.subarray(offset, offset + tiles * tileBytes);
      expect(own).toEqual(packed.subarray(tile * tileBytes, (tile + tiles) * tileBytes));
      tile += tiles;
    }
    expect(tile).toBe(32);
    expect(shares.reduce((total, { macs }) => total + macs, 0)).toBe(layerMacs(net.layers[0] as never) * 4);
  });

  it('a tile that does not fit one binding is bound as storage, in one dispatch', () => {
    const net = large(1024, 16); // a tile: 1024 · 8 · 9 = 73,728 bytes
    const shares = planWords(net, LIMITS, { batch: 1, waves: 1 }).dispatches.filter(({ kernel }) => kernel === 'accumulate');
    expect(shares.length).toBe(1);
    expect(isUniform(shares[0])).toBe(false);
    expect(shares[0].ranges.weights.size).toBe(1024 * 16 * 9);
  });

  it('weights: "storage" binds all as storage', () => {
    const plan = planWords(large(64, 256), LIMITS, { batch: 4, waves: 1, weights: 'storage' });
    expect(plan.dispatches.map(({ kernel }) => kernel)).toEqual(['encode', 'accumulate', 'readout']);
    expect(plan.dispatches.some(isUniform)).toBe(false);
  });
});

describe('terms of one layer', () => {
  /** Sums of `count` shortcuts of one source. */
  const joined = (count: number): SpikingNetwork => {
    const terms = Array.from({ length: count }, () => shortcut(0, [1, 1]));
    const net = ann(map(2), [
      neurons('source', map(2), [convolution(-1, [1, 0, 0, 1])]),
      neurons('many', map(2), terms),
      readout(2, [convolution(1, [1, 0, 0, 1])]),
    ]);
    return quantize(net, { phaseBits: 4, initial: 'half', scales: [1, 1, 1], mean: [0], std: [1] });
  };

  it('128 are planned', () => {
    expect(planWords(joined(128), LIMITS, { batch: 1, waves: 1 }).dispatches[2].parameters.terms).toBe(128);
  });

  it('129 are refused by layer', () => {
    const work = () => planWords(joined(129), LIMITS, { batch: 1, waves: 1 });
    expect(work).toThrow(DeviceError);
    expect(work).toThrow(expect.objectContaining({ code: 'too-many-terms', where: expect.stringContaining('many') }));
  });
});
