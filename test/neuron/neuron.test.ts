import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OptionError } from '../../src/errors.ts';
import { makeTimetable } from '../../src/network/timetable.ts';
import { receive } from '../../src/neuron/membrane.ts';
import type { Moment } from '../../src/neuron/model.ts';
import { type Neuron, neuronText, parseNeuron, ruleOf, ruleOn } from '../../src/neuron/neuron.ts';
import { residual } from '../network/hand-made.ts';

const moment = (phase: number, phaseBits = 4, state: Moment['state'] = 'firing'): Moment => ({
  phaseBits,
  phase,
  state,
  last: phase === phaseBits - 1,
});

describe('neurons by their text', () => {
  it.each(['bistable', 'if', 'phase', 'burst:1', 'burst:5', 'burst:15', 'multi:1', 'multi:8', 'multi+:4'])(
    '%s is read and written',
    (text) => {
      expect(neuronText(parseNeuron(text))).toBe(text);
    },
  );

  it.each([
    '',
    'Bistable',
    'burst',
    'burst:',
    'burst:0',
    'burst:16',
    'burst:2.5',
    'burst:-1',
    'if:2',
    'lif',
    'multi',
    'multi+',
    'multi:0',
    'multi+:9',
    'toString',
  ])('%s is refused', (text) => {
    expect(() => parseNeuron(text)).toThrow(OptionError);
  });

  it.each([
    ['burst', 'neuron: γ is missing, an integer from 1 to 15; choose burst:5'],
    ['burst:16', 'neuron: γ = 16 is not an integer from 1 to 15; choose burst:5'],
    ['lif:3', 'neuron: "lif:3" is not known; choose one of bistable, if, burst:γ, phase, multi:n, multi+:n'],
  ])('%s is refused with a reason and a remedy', (text, message) => {
    expect(() => parseNeuron(text)).toThrow(message);
  });

  it('multi:n needs a network with K = n in every depth', () => {
    const neuron = parseNeuron('multi+:4');
    const withK = (phaseBits: number | number[]) => residual(12, phaseBits);
    expect(ruleOn(neuron, withK(4)).most).toBe(15);
    expect(() => ruleOn(neuron, withK(3))).toThrow(/words of 4 bits, the network has K = 3; convert with K = 4/);
    expect(() => ruleOn(neuron, withK([4, 3, 4, 3, 4, 4, 4]))).toThrow(/a K that differs by depth/);
  });

  it('parameters that no text made are checked as well', () => {
    expect(() => ruleOf({ name: 'burst', most: 0 })).toThrow(/γ = 0/);
    expect(() => ruleOf({ name: 'lif' } as unknown as Neuron)).toThrow(/choose one of bistable/);
  });
});

describe('one step by hand, K = 4', () => {
  it.each([
    { row: 'if: a threshold of 2·16', neuron: 'if', v: 35, g: 1, phase: 0, left: 3, spikes: 1 },
    { row: 'if: one spike at a time', neuron: 'if', v: 100, g: 1, phase: 0, left: 68, spikes: 1 },
    { row: 'if: just below', neuron: 'if', v: 31, g: 1, phase: 0, left: 31, spikes: 0 },
    { row: 'if: negative stays', neuron: 'if', v: -50, g: 1, phase: 0, left: -50, spikes: 0 },
    { row: 'if: g = 0 has a threshold of 16', neuron: 'if', v: 17, g: 0, phase: 0, left: 1, spikes: 1 },
    { row: 'burst:5: as many as fit', neuron: 'burst:5', v: 100, g: 1, phase: 0, left: 4, spikes: 3 },
    { row: 'burst:5: five at most', neuron: 'burst:5', v: 1000, g: 1, phase: 0, left: 840, spikes: 5 },
    { row: 'phase 0: a threshold of 4·2·8', neuron: 'phase', v: 65, g: 1, phase: 0, left: 1, spikes: 1 },
    { row: 'phase 3: a threshold of 4·2·1', neuron: 'phase', v: 65, g: 1, phase: 3, left: 57, spikes: 1 },
    { row: 'phase 0: not reached', neuron: 'phase', v: 63, g: 1, phase: 0, left: 63, spikes: 0 },
    { row: 'V beyond 2^30 − 1 is cut', neuron: 'if', v: 2 ** 30 + 40, g: 0, phase: 0, left: 2 ** 30 - 1, spikes: 1 },
    { row: 'a charge within bounds is taken: 4·2^22·8', neuron: 'phase', v: 2 ** 27 + 1, g: 22, phase: 0, left: 1, spikes: 1 },
  ])('$row', ({ neuron, v, g, phase, left, spikes }) => {
    expect(ruleOf(parseNeuron(neuron)).fire(v, g, moment(phase), 0)).toEqual({ v: left, word: spikes, spikes });
  });

  it('what arrives: a spike weighs 2^K of its source, or its phase there times that K; drive in every step', () => {
    const arriving = (neuron: string, phase: number, K = 4) => {
      const { synapseWeight, arriving } = ruleOf(parseNeuron(neuron));
      return arriving(3 * synapseWeight(moment(phase, K)), 5, moment(0, 7));
    };
    expect([0, 1, 2, 3].map((phase) => arriving('if', phase))).toEqual([53, 53, 53, 53]);
    expect([0, 1, 2, 3].map((phase) => arriving('burst:5', phase))).toEqual([53, 53, 53, 53]);
    expect([0, 1, 2, 3].map((phase) => arriving('phase', phase))).toEqual([101, 53, 29, 17]);
    expect([arriving('if', 0, 2), arriving('phase', 1, 2)]).toEqual([17, 11]);
    expect(arriving('multi+:4', 0)).toBe(8);
  });

  it('bistable: a spike weighs 2^(K−1−k) of its source’s word; drive in the first step of an integrating window only', () => {
    const { arriving, synapseWeight, spikeWeight } = ruleOf({ name: 'bistable' });
    const at = (phase: number, state: Moment['state']) => arriving(24, 5, moment(phase, 4, state));
    expect([at(0, 'integrating'), at(1, 'integrating'), at(0, 'firing'), at(0, 'waiting'), at(0, 'idle')]).toEqual([
      29, 24, 24, 24, 24,
    ]);
    expect([0, 1, 2, 3].map((phase) => synapseWeight(moment(phase)))).toEqual([8, 4, 2, 1]);
    expect([0, 1].map((phase) => spikeWeight(moment(phase, 2)))).toEqual([2, 1]);
    expect(synapseWeight(moment(0, 4, 'integrating'))).toBe(0);
  });
});

describe('32 bits', () => {
  it('V and what arrives stay within i32, and what was fired and what is left are what was there', () => {
    const texts = ['if', 'burst:5', 'phase'] as const;
    fc.assert(
      fc.property(
        fc.constantFrom(...texts),
        fc.integer({ min: -(2 ** 30) + 1, max: 2 ** 30 - 1 }),
        fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
        fc.integer({ min: 0, max: 22 }),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 0, max: 7 }),
        (text, v, arrived, g, phaseBits, phase) => {
          const model = ruleOf(parseNeuron(text));
          const received = receive(v, arrived);
          expect(received).toBe(received | 0);
          const fired = model.fire(received, g, moment(phase % phaseBits, phaseBits), 0);
          expect(Math.abs(fired.v)).toBeLessThan(2 ** 30);
          expect(fired.spikes).toBeGreaterThanOrEqual(0);
          expect(fired.spikes).toBeLessThanOrEqual(model.most);
          const unit = Math.max(1, 2 ** g) * model.spikeWeight(moment(phase % phaseBits, phaseBits));
          const charge = Math.min(2 ** 30, unit * (text === 'phase' ? phaseBits : 1));
          const left = received - fired.spikes * charge;
          expect(fired.v).toBe(Math.max(Math.min(left, 2 ** 30 - 1), 1 - 2 ** 30));
        },
      ),
      { numRuns: 2000, seed: 12 },
    );
  });
});

describe('decoding', () => {
  const depths = (K: number) => makeTimetable(new Array<number>(21).fill(K));

  it('if, burst: spikes a step; phase: words a period; bistable: words that were begun', () => {
    const factor = (text: string, steps: number, depth = 1) => ruleOf(parseNeuron(text)).decodeFactor(steps, depth, depths(4));
    expect(factor('if', 20)).toBe(1 / 20);
    expect(factor('phase', 20)).toBe(4 / 20);
    expect([1, 4, 5, 8, 12, 13].map((steps) => factor('bistable', steps))).toEqual([0, 0, 1, 1, 1, 1 / 2]);
    expect([80, 81, 88].map((steps) => factor('bistable', steps, 20))).toEqual([0, 1, 1]);
    expect(ruleOf(parseNeuron('phase')).decodeFactor(20, 1, makeTimetable([4, 2]))).toBe(2 / 20);
    expect(ruleOf(parseNeuron('multi:4')).decodeFactor(20, 1, depths(4))).toBe(1 / 20);
  });

  it('readout: waves that were begun, or steps', () => {
    const divisor = (text: string, steps: number) => ruleOf(parseNeuron(text)).readoutDivisor(steps, 2, depths(4));
    expect([1, 5, 8, 12, 13].map((steps) => divisor('bistable', steps))).toEqual([1, 1, 1, 1, 2]);
    expect([divisor('if', 7), divisor('phase', 7), divisor('multi+:4', 7)]).toEqual([7, 7, 7]);
  });
});
