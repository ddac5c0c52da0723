import { describe, expect, it } from 'vitest';
import type { SpikingLayer, SpikingNeurons, SpikingTerm } from '../../src/network/network.ts';
import {
  CAPABILITIES,
  type Capabilities,
  CHOICES,
  type Choice,
  candidatesOf,
  choose,
  defaultChoice,
  isChoice,
  isSameChoice,
  shapeKey,
  tunedShapes,
} from '../../src/plan/choices.ts';
import { planWords } from '../../src/plan/words/plan.ts';
import { ann, convolution, map, neurons, onGrid, randomWeights, readout, residual, SAME, square } from '../network/hand-made.ts';

const network = residual();
const [first, layer] = network.layers.filter((one): one is SpikingNeurons => one.kind === 'neurons');
/** The same layer with channels enough for a tile; its weights are not looked at. */
const wide: SpikingNeurons = { ...layer, shape: { ...layer.shape, channels: 64 } };
const LIMITS = {
  maxUniformBufferBindingSize: 65536,
  maxStorageBufferBindingSize: 2 ** 27,
  maxBufferSize: 2 ** 28,
} as Parameters<typeof choose>[2];

const DEVICES: [string, Capabilities][] = [
  ['software', { software: true, packedDot: true, fastDot: true, matrix: null, registers: 255 }],
  ['a GPU', { software: false, packedDot: true, fastDot: true, matrix: null, registers: 255 }],
  ['a GPU with matrix units', { software: false, packedDot: true, fastDot: true, matrix: 'u8', registers: 255 }],
  [
    'a GPU that takes packed dot products apart',
    { software: false, packedDot: true, fastDot: false, matrix: null, registers: 255 },
  ],
  ['a GPU without packed dot products', { software: false, packedDot: false, fastDot: false, matrix: null, registers: 255 }],
  ['a GPU with half the registers', { software: false, packedDot: true, fastDot: true, matrix: null, registers: 128 }],
  ['a GPU with a quarter of them', { software: false, packedDot: true, fastDot: true, matrix: null, registers: 64 }],
];

describe.each(DEVICES)('candidates of %s', (_, capabilities) => {
  it.each([layer, wide])('are distinct, can be computed, and the default is one of them', (one) => {
    const all = candidatesOf(capabilities, one);
    expect(new Set(all.map((choice) => JSON.stringify(choice))).size).toBe(all.length);
    expect(all.some((choice) => isSameChoice(choice, defaultChoice(capabilities, one)))).toBe(true);
    expect(all.every(isChoice)).toBe(true);
    if (!capabilities.matrix) expect(all.filter(({ form }) => form === 'matrix')).toEqual([]);
    if (!capabilities.packedDot) expect(all.filter(({ arithmetic }) => arithmetic === 'packed')).toEqual([]);
  });

  it('share tiles on hardware, where the channels fill them', () => {
    const tiled = (one: SpikingNeurons) =>
      candidatesOf(capabilities, one).some(({ form }) => form === 'tiled' || form === 'matrix');
    expect(tiled(layer)).toBe(false);
    expect(tiled(wide)).toBe(!capabilities.software);
  });
});

it('arithmetic follows the hardware, not the language', () => {
  const defaults = DEVICES.map(([, capabilities]) => choose(network, layer, LIMITS, { capabilities, batch: 64 }).arithmetic);
  expect(defaults).toEqual(['halves', 'packed', 'packed', 'f32', 'f32', 'packed', 'packed']);
});

it('tiles follow the registers, but for software and matrix units', () => {
  const defaults = DEVICES.map(([, capabilities]) => choose(network, wide, LIMITS, { capabilities, batch: 64 }).form);
  expect(defaults).toEqual(['registers', 'registers', 'matrix', 'registers', 'registers', '8x4', '4x4']);
  const few = (registers: number) =>
    choose(network, layer, LIMITS, { capabilities: { ...DEVICES[1][1], registers }, batch: 64 }).form;
  expect([1, 63, 64, 109, 110, 177, 178].map(few)).toEqual(['4x4', '4x4', '4x4', '4x4', '8x4', '8x4', 'registers']);
  expect(choose(network, layer, LIMITS, { capabilities: { ...DEVICES[0][1], registers: 64 }, batch: 64 }).form).toBe('registers');
});

it('weights that one uniform binding does not hold are not cut into dispatches on a card', () => {
  const [term] = layer.terms;
  const withWeights = (count: number): SpikingNeurons =>
    ({ ...layer, terms: [{ ...term, operator: { ...term.operator, weights: new Int8Array(count) } }] }) as SpikingNeurons;
  const defaults = (count: number) => DEVICES.slice(0, 2).map(([, device]) => defaultChoice(device, withWeights(count)).weights);
  expect(defaults(65536)).toEqual(['uniform', 'uniform']);
  expect(defaults(65537)).toEqual(['uniform', 'storage']);
});

it('halves are left where the sums of pixels would not fit', () => {
  const capabilities = DEVICES[0][1];
  expect(choose(network, layer, LIMITS, { capabilities, batch: 64 }).arithmetic).toBe('halves');
  expect(choose(network, first, LIMITS, { capabilities, batch: 64 }).arithmetic).toBe('integers');
  expect(choose(network, first, LIMITS, { arithmetic: 'halves', batch: 64 }).arithmetic).toBe('integers');
});

describe('a choice that was found', () => {
  const [, software] = DEVICES[0];
  const [, plain] = DEVICES[4];
  const key = shapeKey(network, layer, 64);
  const choiceOf = (found: Choice, capabilities: Capabilities, batch = 64) =>
    choose(network, layer, LIMITS, { capabilities, choices: { [key]: found }, batch });

  it('is taken', () => {
    const found: Choice = { form: 'registers', arithmetic: 'f32', weights: 'uniform' };
    expect(choiceOf(found, software)).toEqual(found);
  });

  it('is one of batches about as large', () => {
    const found: Choice = { form: 'registers', arithmetic: 'f32', weights: 'uniform' };
    const taken = [16, 63, 64, 255, 256].map((batch) => choiceOf(found, software, batch).arithmetic === 'f32');
    expect(taken).toEqual([false, false, true, true, false]);
  });

  it.each<[string, Choice, Capabilities]>([
    ['packed without packed dot products', { form: 'registers', arithmetic: 'packed', weights: 'uniform' }, plain],
    ['matrix units without any', { form: 'matrix', arithmetic: 'packed', weights: 'storage' }, software],
    ['tiles that the channels do not fill', { form: 'tiled', arithmetic: 'f32', weights: 'storage' }, plain],
  ])('but not %s', (_, found, capabilities) => {
    expect(choiceOf(found, capabilities)).toEqual(defaultChoice(capabilities, layer));
  });
});

describe('candidates, one by one', () => {
  const of = (capabilities: Capabilities, one: SpikingNeurons) =>
    candidatesOf(capabilities, one).map(({ form, arithmetic, weights }) => `${form} ${arithmetic} ${weights}`);
  const channels = (count: number): SpikingNeurons => ({ ...layer, shape: { ...layer.shape, channels: count } });
  const both = (arithmetic: string) => [`registers ${arithmetic} uniform`, `registers ${arithmetic} storage`];
  const registers = ['packed', 'halves', 'integers', 'f32'].flatMap(both);
  const small = (arithmetic: string) =>
    ['8x4', '4x4'].flatMap((form) => [`${form} ${arithmetic} uniform`, `${form} ${arithmetic} storage`]);

  it('of software: floats and packed dot products from the constant path alone', () => {
    const wanted = ['registers packed uniform', ...both('halves'), ...both('integers'), 'registers f32 uniform'];
    expect(of(DEVICES[0][1], wide)).toEqual(wanted);
  });

  it('of a card: small tiles in its own arithmetic; shared ones from 32 channels on, without halves, and matrix units', () => {
    const tiles = ['tiled packed storage', 'tiled integers storage', 'tiled f32 storage'];
    expect(of(DEVICES[1][1], channels(31))).toEqual([...registers, ...small('packed')]);
    expect(of(DEVICES[1][1], channels(32))).toEqual([...registers, ...small('packed'), ...tiles]);
    expect(of(DEVICES[2][1], channels(32))).toEqual([...registers, ...small('packed'), ...tiles, 'matrix packed storage']);
    expect(of(DEVICES[4][1], channels(32))).toEqual([...registers.slice(2), ...small('f32'), ...tiles.slice(1)]);
  });

  it('of a layer with one grouped term: registers', () => {
    const [term] = layer.terms;
    const grouped = { ...term, operator: { ...term.operator, groups: 2 } } as SpikingTerm;
    const identity = { ...term, operator: { type: 'identity', weights: new Int32Array(64) } } as SpikingTerm;
    const withTerms = (...terms: SpikingTerm[]): SpikingNeurons => ({ ...wide, terms });
    expect(of(DEVICES[1][1], withTerms(identity, grouped))).toEqual([...registers, ...small('packed')]);
    expect(of(DEVICES[1][1], withTerms(term, identity)).length).toBe(15);
  });

  it('choices are the same where all three parts are', () => {
    const one: Choice = { form: 'registers', arithmetic: 'f32', weights: 'uniform' };
    const others: Partial<Choice>[] = [{}, { form: 'tiled' }, { arithmetic: 'packed' }, { weights: 'storage' }];
    expect(others.map((other) => isSameChoice(one, { ...one, ...other }))).toEqual([true, false, false, false]);
  });
});

describe('what is read from a file', () => {
  const whole = { form: 'tiled', arithmetic: 'f32', weights: 'storage' };

  it.each<[string, unknown]>([
    ['null', null],
    ['a text', 'tiled'],
    ['a function with the parts', Object.assign(() => 0, whole)],
    ['nothing', {}],
    ['a part too few', { form: 'tiled', arithmetic: 'f32' }],
    ['a part too many', { ...whole, tile: 8 }],
    ['a part of another name', { form: 'tiled', arithmetic: 'f32', toString: 'storage' }],
    ['a value that there is not', { ...whole, arithmetic: 'f64' }],
    ['a value of another part', { ...whole, form: 'f32' }],
  ])('%s is no choice', (_, value) => {
    expect(isChoice(value)).toBe(false);
    expect(CHOICES.accepts({ a: whole, b: value })).toBe(false);
  });

  it('a choice is one, and so are choices by shape', () => {
    expect(isChoice(whole)).toBe(true);
    expect(CHOICES.accepts({ a: whole, b: whole })).toBe(true);
    expect(CHOICES.accepts({})).toBe(true);
  });

  it.each<[boolean, object]>([
    ...DEVICES.map(([, capabilities]): [boolean, object] => [true, capabilities]),
    [true, { ...DEVICES[1][1], matrix: 'f16' }],
    [true, { ...DEVICES[1][1], matrix: 'f32' }],
    [false, { ...DEVICES[1][1], matrix: 'i8' }],
    [false, { ...DEVICES[1][1], matrix: undefined }],
    [false, { ...DEVICES[1][1], software: 1 }],
    [false, { ...DEVICES[1][1], packedDot: undefined }],
    [false, { ...DEVICES[1][1], fastDot: 'yes' }],
    [false, { ...DEVICES[1][1], registers: 0 }],
    [false, { ...DEVICES[1][1], registers: undefined }],
  ])('capabilities are taken: %s, %j', (taken, capabilities) => {
    expect(CAPABILITIES.accepts(capabilities)).toBe(taken);
  });
});

describe('forms that a layer keeps', () => {
  const [, plain] = DEVICES[1];
  const shape = map(64, 6);
  const grouped = (groups: number) => {
    const weights = randomWeights(groups, 64, (64 / groups) * 9);
    return onGrid(
      ann(map(1, 6), [
        neurons('wide', shape, [convolution(-1, randomWeights(1, 64, 9), SAME)]),
        neurons('grouped', shape, [convolution(0, weights, SAME, groups)]),
        readout(2, [convolution(1, randomWeights(2, 2, 64 * 36), square(6))]),
      ]),
    );
  };
  const second = (net: ReturnType<typeof onGrid>) => net.layers[1] as SpikingNeurons;
  const chosen = (groups: number, options: Partial<Choice>, limits = LIMITS, capabilities: Capabilities = plain) => {
    const net = grouped(groups);
    const { form, arithmetic, weights } = choose(net, second(net), limits, { batch: 64, capabilities, ...options });
    return `${form} ${arithmetic} ${weights}`;
  };
  const small = { ...LIMITS, maxUniformBufferBindingSize: 65535 };

  it('a depthwise layer: its own, unless registers are asked for', () => {
    expect(chosen(64, {})).toBe('depthwise integers uniform');
    expect(chosen(64, { form: 'tiled', arithmetic: 'f32' })).toBe('depthwise integers uniform');
    expect(chosen(64, { weights: 'storage' })).toBe('depthwise integers storage');
    expect(chosen(64, {}, small)).toBe('depthwise integers storage');
    expect(chosen(64, { form: 'registers' })).toBe('registers packed uniform');
    expect(chosen(64, { form: '4x4' })).toBe('4x4 packed uniform');
    const net = grouped(64);
    expect(candidatesOf(plain, second(net)).map(({ form, weights }) => `${form} ${weights}`)).toEqual([
      'depthwise uniform',
      'depthwise storage',
    ]);
  });

  it('its weights are taps by blocks of four channels, its table goes through the constant path', () => {
    const { dispatches, contents } = planWords(grouped(64), LIMITS, { batch: 4, waves: 1 });
    const own = dispatches.filter(({ kernel }) => kernel === 'depthwise');
    expect(own.map(({ name, variant }) => [name, variant.uniformWeights, variant.uniformTable ?? false])).toEqual([
      ['grouped', true, true],
    ]);
    const taps = contents.filter(({ pack }) => pack === 'taps');
    // nine weights, a vec4i each, of 16 blocks
    expect(taps).toMatchObject([{ buffer: 'weights', layer: 1, part: { offset: 0, size: 16 * 9 * 16 } }]);
  });

  it('a depthwise layer takes halves on software drivers: two rows an invocation', () => {
    const own = [DEVICES[0][1], plain].map((capabilities) => {
      const { dispatches } = planWords(grouped(64), LIMITS, { batch: 4, waves: 1, capabilities });
      return dispatches.find(({ kernel }) => kernel === 'depthwise');
    });
    expect(own.map((dispatch) => dispatch?.variant.halves)).toEqual([true, false]);
    const [halved, whole] = own.map((dispatch) => dispatch?.invocations);
    expect(whole).toBe(2 * (halved as number));
  });

  it('other groups: registers; and a layer that is not depthwise has not its form', () => {
    expect(chosen(2, { form: 'tiled' })).toBe('registers packed uniform');
    expect(chosen(2, { form: 'matrix' }, small)).toBe('registers packed storage');
    expect(chosen(1, { form: 'depthwise' })).toBe('registers packed uniform');
    const few: Capabilities = { ...plain, registers: 64 };
    expect(chosen(2, { form: 'tiled' }, LIMITS, few)).toBe('4x4 packed uniform');
    expect(chosen(1, { form: 'depthwise' }, LIMITS, few)).toBe('4x4 packed uniform');
  });

  it('small tiles have no halves', () => {
    expect(chosen(1, { form: '8x4', arithmetic: 'halves' })).toBe('8x4 integers uniform');
    expect(chosen(2, { form: '4x4', arithmetic: 'halves' }, small)).toBe('4x4 integers storage');
  });

  it('tiles read weights from storage, and have no halves', () => {
    expect(chosen(1, { form: 'tiled', weights: 'uniform' })).toBe('tiled packed storage');
    expect(chosen(1, { form: 'tiled', arithmetic: 'halves' })).toBe('tiled integers storage');
  });

  it('matrix units of f16 only where their sums are exact', () => {
    const f16: Capabilities = { ...plain, matrix: 'f16' };
    const fits = grouped(1);
    const form = (net: typeof fits, capabilities: Capabilities) =>
      choose(net, second(net), LIMITS, { batch: 64, capabilities }).form;
    expect(form(fits, f16)).toBe('matrix');
    // 576 weights of 127 on words of 255 pass 2^24
    const [source, { terms, ...own }, last] = fits.layers as [SpikingNeurons, SpikingNeurons, SpikingLayer];
    const operator = { ...terms[0].operator, weights: new Int8Array(64 * 576).fill(127) } as SpikingTerm['operator'];
    const layers = [{ ...source, units: { ...source.units, most: 255 } }, { ...own, terms: [{ ...terms[0], operator }] }, last];
    const larger = { ...fits, layers };
    expect([form(larger, f16), form(larger, { ...plain, matrix: 'u8' })]).toEqual(['tiled', 'matrix']);
  });

  it('matrix units of f32 only where they were measured or are asked for', () => {
    const f32: Capabilities = { ...plain, matrix: 'f32' };
    expect(chosen(1, {}, LIMITS, f32)).toBe('registers packed uniform');
    expect(chosen(1, { form: 'matrix' }, LIMITS, f32)).toBe('matrix packed storage');
    const net = grouped(1);
    expect(candidatesOf(f32, second(net)).some(({ form }) => form === 'matrix')).toBe(true);
  });

  it('the key names kernel, stride, source, groups, dilation, shape and class of the batch', () => {
    expect(shapeKey(grouped(2), second(grouped(2)), 100)).toBe('3x3/1x1 64x6x6 groups 2 -> 64x6x6, batch 64');
    const net = onGrid(
      ann(map(1, 6), [
        neurons('dilated', map(2, 2), [convolution(-1, randomWeights(1, 2, 9), square(3, { dilation: [2, 2] }))]),
        readout(2, [convolution(0, randomWeights(2, 2, 8), square(2))]),
      ]),
    );
    expect(shapeKey(net, net.layers[0] as SpikingNeurons, 1)).toBe('3x3/1x1 1x6x6 dilation 2x2 -> 2x2x2, batch 1');
    const joined = network.layers.find(({ name }) => name === 'block 1b') as SpikingNeurons;
    expect(shapeKey(network, joined, 4)).toBe('3x3/1x1 12x12x12 + identity -> 12x12x12, batch 4');
  });

  it('tuned shapes are counted once, of layers of neurons, where their choice holds', () => {
    const net = grouped(1);
    const found: Choice = { form: 'registers', arithmetic: 'packed', weights: 'uniform' };
    const tuned = (choices: Record<string, Choice>, device = plain) => tunedShapes(net, choices, device, 64);
    const keys = net.layers.slice(0, 2).map((one) => shapeKey(net, one as SpikingNeurons, 64));
    expect(tuned({})).toBe(0);
    expect(tuned({ [keys[0]]: found, elsewhere: found })).toBe(1);
    expect(tuned({ [keys[0]]: found, [keys[1]]: found })).toBe(2);
    expect(tuned({ [keys[0]]: found }, DEVICES[4][1])).toBe(0);
    const twice = { ...net, layers: [net.layers[0], net.layers[0]] };
    expect(tunedShapes(twice, { [keys[0]]: found }, plain, 64)).toBe(1);
    expect(tunedShapes(network, {}, plain, 64)).toBe(0);
  });
});

describe('signed bytes', () => {
  const card = { batch: 4, waves: 1, capabilities: DEVICES[1][1] };
  /** Of each layer of neurons: its dot products, and what packs its weights. */
  const packed = (phaseBits: number, options: Parameters<typeof planWords>[2]) => {
    const net = onGrid(
      ann(map(1, 6), [
        neurons('first', map(8, 6), [convolution(-1, randomWeights(1, 8, 9), SAME)]),
        neurons('second', map(40, 6), [convolution(0, randomWeights(2, 40, 72), SAME)]),
        readout(2, [convolution(1, randomWeights(3, 2, 40 * 36), square(6))]),
      ]),
      { phaseBits },
    );
    const { dispatches, contents } = planWords(net, LIMITS, options);
    return dispatches
      .filter(({ kernel, layer }) => kernel.startsWith('accumulate') && layer >= 0)
      .map(({ layer, variant: { packedDot, signedDot } }) => {
        const { pack } = contents.find((one) => one.buffer === 'weights' && one.layer === layer) ?? {};
        return `${packedDot ? 'unsigned' : signedDot ? 'signed' : 'none'} ${pack}`;
      });
  };

  it('where no word passes 127: not of pixels, and not for K = 8', () => {
    expect(packed(7, card)).toEqual(['unsigned weights', 'signed signed']);
    expect(packed(8, card)).toEqual(['unsigned weights', 'unsigned weights']);
  });

  it.each(['8x4', '4x4', 'tiled'] as const)('in the form %s too', (form) => {
    expect(packed(4, { ...card, form })).toEqual(['unsigned weights', 'signed signed']);
  });

  it('not on software drivers, and not in other arithmetics', () => {
    expect(packed(4, { ...card, capabilities: DEVICES[0][1], arithmetic: 'packed' })).toEqual([
      'unsigned weights',
      'unsigned weights',
    ]);
    expect(packed(4, { ...card, arithmetic: 'f32' })).toEqual(['none weights', 'none weights']);
    expect(packed(4, { ...card, arithmetic: 'halves' })).toEqual(['none weights', 'none transposed']);
  });

  it('matrix units stage weights as all others have them', () => {
    const capabilities = { ...DEVICES[1][1], matrix: 'u8' } as const;
    expect(packed(4, { ...card, capabilities, form: 'matrix' }).map((one) => one.split(' ')[1])).toEqual(['weights', 'weights']);
  });
});
