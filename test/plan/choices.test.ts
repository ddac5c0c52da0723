import { describe, expect, it } from 'vitest';
import type { SpikingNeurons } from '../../src/network/network.ts';
import {
  type Capabilities,
  type Choice,
  candidatesOf,
  choose,
  defaultChoice,
  isChoice,
  isSameChoice,
  shapeKey,
} from '../../src/plan/choices.ts';
import { residual } from '../network/hand-made.ts';

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
  ['software', { software: true, packedDot: true, fastDot: true, matrix: null }],
  ['a GPU', { software: false, packedDot: true, fastDot: true, matrix: null }],
  ['a GPU with matrix units', { software: false, packedDot: true, fastDot: true, matrix: 'u8' }],
  ['a GPU that takes packed dot products apart', { software: false, packedDot: true, fastDot: false, matrix: null }],
  ['a GPU without packed dot products', { software: false, packedDot: false, fastDot: false, matrix: null }],
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
    const tiled = (one: SpikingNeurons) => candidatesOf(capabilities, one).some(({ form }) => form !== 'registers');
    expect(tiled(layer)).toBe(false);
    expect(tiled(wide)).toBe(!capabilities.software);
  });
});

it('arithmetic follows the hardware, not the language', () => {
  const defaults = DEVICES.map(([, capabilities]) => choose(network, layer, LIMITS, { capabilities, batch: 64 }).arithmetic);
  expect(defaults).toEqual(['halves', 'packed', 'packed', 'f32', 'f32']);
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
