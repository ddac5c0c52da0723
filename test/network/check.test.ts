import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConversionError } from '../../src/errors.ts';
import { check, checkNetwork } from '../../src/network/check.ts';
import type { SpikingNetwork } from '../../src/network/network.ts';
import { randomNetwork, recipes, recipesByDepth } from '../helpers/random-network.ts';
import { extremes } from './extremes.ts';
import { residual } from './hand-made.ts';

/** Data that a test may break; what it is not any more, the type does not say. */
// biome-ignore lint/suspicious/noExplicitAny: a broken network has no type
type Broken = any;

/** stem 0, block 1a 1, block 1b 2 (joins 0), block 2a 3, block 2b 4 (joins 2 and the input), pool 5, merge 6, global sum 7, readout 8 */
const NET = residual(8, 4);

/** Typed arrays as JSON, and back: what a file format does. */
const throughJson = (net: SpikingNetwork): SpikingNetwork => {
  const types = { Int8Array, Int32Array, Float64Array };
  const text = JSON.stringify(net, (_, v) => (ArrayBuffer.isView(v) ? { is: v.constructor.name, of: [...(v as Int8Array)] } : v));
  return JSON.parse(text, (_, v) => (v?.is in types ? new types[v.is as keyof typeof types](v.of) : v));
};

const broken = (change: (net: Broken) => void): SpikingNetwork => {
  // not structuredClone, which keeps what several layers share, and a test would break it everywhere
  const net = throughJson(NET) as Broken;
  change(net);
  return net;
};

describe('networks that are sound', () => {
  it.each([
    ['random', recipes],
    ['random, K by depth', recipesByDepth],
  ])('%s ones, also at the bounds of the grid, cloned and through JSON', (_, drawn) => {
    fc.assert(
      fc.property(drawn, fc.boolean(), (recipe, extreme) => {
        const plain = randomNetwork(recipe);
        const net = extreme ? extremes(plain, recipe.seed) : plain;
        for (const one of [net, structuredClone(net), throughJson(net)]) {
          expect(checkNetwork(one)).toEqual([]);
          expect(() => check(one)).not.toThrow();
        }
      }),
      { numRuns: 50, seed: 81 },
    );
  });

  it('JSON alone, its typed arrays lost, is not', () => {
    expect(checkNetwork(JSON.parse(JSON.stringify(NET))).length).toBeGreaterThan(10);
  });
});

describe('the form of the data, each broken once', () => {
  it.each<[string, string | null, RegExp, (net: Broken) => void]>([
    ['no version', null, /version undefined, not 1/, (net) => delete net.version],
    ['another version', null, /version 2, not 1/, (net) => (net.version = 2)],
    ['no name', null, /name is not a text/, (net) => delete net.name],
    ['another V(0)', null, /initial is "full"/, (net) => (net.initial = 'full')],
    ['no input', null, /input has no shape/, (net) => delete net.input],
    ['an input of no height', null, /input has no shape/, (net) => (net.input.shape.height = 0)],
    [
      'input units of another shape',
      null,
      /input: units are not of its shape, 3 × 8 × 8/,
      (net) => (net.input.units.shape.width = 7),
    ],
    ['no input units', null, /input: units/, (net) => delete net.input.units],
    ['a mean that is none', null, /mean/, (net) => (net.input.mean[1] = Number.NaN)],
    ['one deviation too many', null, /std/, (net) => net.input.std.push(1)],
    ['no timetable', null, /timetable is not a period/, (net) => delete net.timetable],
    ['half a step', null, /timetable is not a period/, (net) => (net.timetable.layers[1].fires.first = 4.5)],
    ['no layers', null, /has no layers/, (net) => (net.layers = [])],
    ['a hole for a layer', 'number 4', /kind "undefined"/, (net) => (net.layers[4] = null)],
    ['another kind', 'stem', /kind "lif"/, (net) => (net.layers[0].kind = 'lif')],
    ['a layer without a name', 'number 3', /name is not a text/, (net) => delete net.layers[3].name],
    ['no shape', 'stem', /has no shape/, (net) => delete net.layers[0].shape],
    ['a depth of text', 'stem', /depth 1st is not a whole number/, (net) => (net.layers[0].depth = '1st')],
    ['units of f32', 'stem', /units.unit is not a Float64Array/, (net) => (net.layers[0].units.unit = new Float32Array(12))],
    ['zeros too few', 'stem', /units.zero/, (net) => (net.layers[0].units.zero = new Int32Array(11))],
    ['no largest word', 'stem', /units.most/, (net) => delete net.layers[0].units.most],
    ['g of i32', 'stem', /gridBits is not an Int8Array/, (net) => (net.layers[0].gridBits = new Int32Array(12))],
    ['g too few', 'stem', /gridBits/, (net) => (net.layers[0].gridBits = new Int8Array(11))],
    ['a plain array of biases', 'stem', /bias is not an Int32Array/, (net) => (net.layers[0].bias = [...net.layers[0].bias])],
    ['no terms', 'stem', /has no terms/, (net) => delete net.layers[0].terms],
    ['a delay of half a window', 'block 1b', /term 1: delay 0.5/, (net) => (net.layers[2].terms[1].delay = 0.5)],
    ['a source that comes later', 'block 1a', /term 0: source 2 .*earlier/, (net) => (net.layers[1].terms[0].source = 2)],
    ['its own source', 'block 1a', /term 0: source 1 /, (net) => (net.layers[1].terms[0].source = 1)],
    ['a source that there is not', 'block 1a', /term 0: source -2 /, (net) => (net.layers[1].terms[0].source = -2)],
    ['no operator', 'stem', /term 0: has no operator/, (net) => delete net.layers[0].terms[0].operator],
    ['another operator', 'stem', /has no operator/, (net) => (net.layers[0].terms[0].operator.type = 'linear')],
    [
      'weights of i32',
      'stem',
      /weights are not an Int8Array of 324/,
      (net) => (net.layers[0].terms[0].operator.weights = new Int32Array(324)),
    ],
    ['a weight too few', 'stem', /Int8Array of 324/, (net) => (net.layers[0].terms[0].operator.weights = new Int8Array(323))],
    ['groups that do not divide', 'stem', /5 groups/, (net) => (net.layers[0].terms[0].operator.groups = 5)],
    ['no groups', 'stem', /0 groups/, (net) => (net.layers[0].terms[0].operator.groups = 0)],
    ['no window', 'stem', /has no window/, (net) => delete net.layers[0].terms[0].operator.window],
    ['a stride of 0', 'stem', /has no window/, (net) => (net.layers[0].terms[0].operator.window.stride = [0, 1])],
    [
      'a window that yields another map',
      'stem',
      /yields 6 × 6 of 3 × 8 × 8, not 12 × 8 × 8/,
      (net) => (net.layers[0].terms[0].operator.window.pads = [0, 0, 0, 0]),
    ],
    [
      'an identity between shapes',
      'block 1b',
      /identity from 3 × 8 × 8 to 12 × 8 × 8/,
      (net) => (net.layers[2].terms[1].source = -1),
    ],
    ['an identity of bytes', 'block 1b', /Int32Array/, (net) => (net.layers[2].terms[1].operator.weights = new Int8Array(12))],
    ['another pool', 'max', /mode is "average"/, (net) => (net.layers[5].mode = 'average')],
    ['a pool on the pixels', 'max', /directly on the pixels/, (net) => (net.layers[5].source = -1)],
    [
      'a pool over a sum',
      'max',
      /pool over a sum/,
      (net) => {
        net.layers[4] = { ...net.layers[5], mode: 'sum', source: 2, name: 'sum' };
        net.layers[5].source = 4;
      },
    ],
    ['a pool of other channels', 'max', /12 channels, its source 20/, (net) => (net.layers[5].source = 4)],
    ['a pool that yields another map', 'max', /yields 8 × 8/, (net) => (net.layers[5].window.stride = [1, 1])],
    ['a readout in the middle', 'merge', /readout before the last/, (net) => (net.layers[6].kind = 'readout')],
    ['no readout', 'readout', /no readout/, (net) => (net.layers[8].kind = 'neurons')],
    ['a wide readout', 'readout', /not of 1 × 1/, (net) => (net.layers[8].shape.width = 2)],
  ])('%s', (_, layer, what, change) => {
    const findings = checkNetwork(broken(change));
    expect(
      findings.some((one) => one.layer === layer && what.test(one.what)),
      JSON.stringify(findings),
    ).toBe(true);
    for (const { remedy } of findings) expect(remedy).not.toBe('');
  });
});

describe('the rules between the numbers, each broken once and nothing else', () => {
  /** A layer whose channel 0 may have what a test gives it: bias alone. */
  const bare = (net: Broken, l: number) => {
    for (const { operator } of net.layers[l].terms) operator.weights.fill(0);
    net.layers[l].bias.fill(0);
    return net.layers[l];
  };
  it.each<[string, string | null, RegExp, (net: Broken) => void]>([
    ['a depth too large', 'block 1a', /depth 3, by its sources 2/, (net) => (net.layers[1].depth = 3)],
    ['a pool’s depth', 'max', /depth 4, by its sources 3/, (net) => (net.layers[5].depth = 4)],
    [
      'a delay too short',
      'block 1b',
      /term 1 has 0 synchronous neurons, by the depths 1/,
      (net) => (net.layers[2].terms[1].delay = 0),
    ],
    ['a depth too few in the timetable', null, /has 7 depths, not 8/, (net) => net.timetable.layers.pop()],
    ['K = 0', null, /K of depth 2 = 0/, (net) => (net.timetable.layers[2].phases = 0)],
    ['K = 9', null, /K of depth 2 = 9/, (net) => (net.timetable.layers[2].phases = 9)],
    ['a window that begins late', null, /spans of depth 3/, (net) => net.timetable.layers[3].integrates.first++],
    ['a long word', null, /spans of depth 3/, (net) => net.timetable.layers[3].fires.steps++],
    ['a long period', null, /period 9 .* 8/, (net) => net.timetable.period++],
    ['pixels up to 256', null, /input: its largest word is 256, not 255/, (net) => (net.input.units.most = 256)],
    ['a zero that its layer does not have', null, /input: its words for 0/, (net) => net.input.units.zero[1]++],
    ['a zero beyond the pixels', null, /from 0 to 255/, (net) => (net.input.units.zero[1] = 256)],
    ['units of other pixels', null, /input: its units are not those/, (net) => (net.input.units.unit[2] *= 2)],
    ['units of 0', 'stem', /not positive/, (net) => (net.layers[0].units.unit[0] = 0)],
    ['an infinite unit', 'stem', /not positive/, (net) => (net.layers[0].units.unit[0] = Infinity)],
    ['a readout of two scales', 'readout', /units are not those/, (net) => (net.layers[8].units.unit[1] *= 2)],
    ['words of another K', 'stem', /largest word is 31, not 15/, (net) => (net.layers[0].units.most = 31)],
    ['neurons with a zero', 'stem', /words for 0/, (net) => (net.layers[0].units.zero[0] = 1)],
    ['a max pool with other units', 'max', /units are not those/, (net) => (net.layers[5].units.unit[3] *= 2)],
    ['a sum pool’s largest word', 'global', /largest word is 15, not 240/, (net) => (net.layers[7].units.most = 15)],
    ['a readout that sends', 'readout', /largest word is 15, not 0/, (net) => (net.layers[8].units.most = 15)],
    ['a readout’s grid', 'readout', /units are not those/, (net) => net.layers[8].gridBits[0]--],
    ['g = −1', 'stem', /channel 0: g = -1/, (net) => (bare(net, 0).gridBits[0] = -1)],
    ['a negative shift', 'stem', /channel 2: a term is shifted by -1/, (net) => (bare(net, 0).terms[0].shifts[2] = -1)],
    [
      'h = −9',
      'stem',
      /channel 2: a term is shifted by/,
      (net) => (bare(net, 0).terms[0].shifts[2] = bare(net, 0).gridBits[2] + 9),
    ],
    ['no shifts', 'stem', /term 0: shifts are not an Int8Array/, (net) => delete bare(net, 0).terms[0].shifts],
    ['g = 23', 'stem', /channel 0: g = 23/, (net) => (bare(net, 0).gridBits[0] = 23)],
    ['a weight of −128', 'stem', /magnitude 128 is beyond 127/, (net) => (bare(net, 0).terms[0].operator.weights[0] = -128)],
    ['a sum of 2^30 by its bias', 'stem', /sums of up to 1073741824 are not below/, (net) => (bare(net, 0).bias[0] = -(2 ** 30))],
    [
      'a sum of 2^30 by an identity',
      'block 1b',
      /channel 3: sums of up to/,
      (net) => (bare(net, 2).terms[1].operator.weights[3] = 2 ** 27),
    ],
    [
      'a sum of 2^30 by a shift',
      'block 1b',
      /channel 3: sums of up to/,
      (net) => {
        const layer = bare(net, 2);
        layer.gridBits[3] = 22;
        layer.terms[1].operator.weights[3] = 1;
        layer.terms[1].shifts[3] = 27;
      },
    ],
    ['burst:16', null, /neuron: γ = 16/, (net) => (net.neuron = { name: 'burst', most: 16 })],
    ['no neuron', null, /neuron: "undefined" is not known/, (net) => delete net.neuron],
    ['multi:5 where K is 4', null, /words of 5 bits, the network has K = 4/, (net) => (net.neuron = { name: 'multi', bits: 5 })],
  ])('%s', (_, layer, what, change) => {
    const findings = checkNetwork(broken(change));
    expect(findings.map((one) => one.layer)).toContain(layer);
    expect(findings[0].what, JSON.stringify(findings)).toMatch(what);
  });

  it('a layer as deep as the readout', () => {
    const net = broken((net) => {
      const { shape } = net.layers[7];
      const units = { ...net.layers[6].units, shape };
      const terms = [
        { source: 7, delay: 0, shifts: new Int8Array(20), operator: { type: 'identity', weights: new Int32Array(20) } },
      ];
      net.layers.splice(8, 0, { ...net.layers[6], name: 'late', shape, units, depth: 7, terms });
    });
    expect(checkNetwork(net).map(({ what }) => what)).toEqual(["has depth 7, not before the readout's, 7"]);
  });

  it('sums of 2^24 words', () => {
    const net = broken((net) => {
      const [sum, readout] = [net.layers[7], net.layers[8]];
      sum.window.kernel = [2 ** 11, 2 ** 11];
      sum.window.pads = [2 ** 11 - 4, 2 ** 11 - 4, 0, 0];
      sum.units = { ...sum.units, most: 15 * 2 ** 22, unit: net.layers[6].units.unit.map((u: number) => u / 2 ** 22) };
      for (const { operator } of readout.terms) operator.weights.fill(0);
    });
    expect(checkNetwork(net).map(({ layer, what }) => `${layer}: ${what}`)).toEqual([
      'global: sums of up to 62914560 words are not exact',
    ]);
  });

  it('with K = 8 a full word at g = 22 is 2^30', () => {
    const net = structuredClone(residual(12, 8)) as Broken;
    bare(net, 0).gridBits[1] = 22;
    expect(checkNetwork(net).map(({ what }) => what)).toEqual(['channel 1: a full word of 8 bits at g = 22 is not below 2^30']);
  });

  it('at the bounds nothing is wrong', () => {
    const net = broken((net) => {
      const stem = bare(net, 0);
      stem.bias.fill(2 ** 30 - 1);
      stem.gridBits.fill(0);
      stem.gridBits[1] = 22;
      bare(net, 1).terms[0].operator.weights[0] = -127;
    });
    expect(checkNetwork(net)).toEqual([]);
  });
});

describe('check', () => {
  it('throws the first finding, and says how many more there are', () => {
    const net = broken((net) => {
      net.layers[0].gridBits = [];
      net.layers[1].bias = [];
      net.layers[5].mode = 'min';
    });
    const error = (() => {
      try {
        check(net);
      } catch (caught) {
        return caught as ConversionError;
      }
    })();
    expect(error).toBeInstanceOf(ConversionError);
    expect(error?.code).toBe('unsound-network');
    expect(error?.message).toBe('layer "stem": gridBits is not an Int8Array of its channels (and 2 more); convert the model again');
    expect(() => check(broken((net) => (net.version = 3)))).toThrow(/^network "by hand": is of version 3, not 1; convert/);
    expect(() => check(null as unknown as SpikingNetwork)).toThrow(ConversionError);
  });
});
