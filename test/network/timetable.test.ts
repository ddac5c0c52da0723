import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firedImage, integratedImage, interleaved } from '../../src/network/interleave.ts';
import { readoutOf, type SpikingNetwork } from '../../src/network/network.ts';
import {
  boundaries,
  holdSteps,
  makeTimetable,
  momentAt,
  oneK,
  phaseAt,
  phasesOf,
  phaseWeight,
  readoutPhases,
  readoutStep,
  readoutSteps,
  sendingSteps,
  sentBy,
  type Timetable,
  windowsBegun,
  windowsOf,
  wordSteps,
  wordsBegun,
} from '../../src/network/timetable.ts';
import * as closed from '../helpers/closed-times.ts';
import { randomNetwork, recipes } from '../helpers/random-network.ts';
import { residual } from './hand-made.ts';

/** K by depth, and windows at least as long as the words before them, of lengths that words have. */
const timetables: fc.Arbitrary<Timetable> = fc
  .array(fc.record({ K: fc.integer({ min: 1, max: 8 }), from: fc.nat() }), { minLength: 1, maxLength: 9 })
  .map((depths) => {
    const phases = depths.map(({ K }) => K);
    // a shortcut into depth d + 1 from any depth before
    const windows = depths.map(({ K, from }, d) => Math.max(K, d === 0 ? 0 : phases[1 + (from % d)]));
    return makeTimetable(phases, windows);
  });

const steps = (n: number) => Array.from({ length: n }, (_, t) => t);
const states = (timetable: Timetable, depth: number, n: number) =>
  steps(n)
    .map((t) => momentAt(timetable, depth, t).state[1])
    .join('');

describe('section 6 by hand', () => {
  it('K = 4, 2, 3: depth 1 integrates pixels for 4 steps and fires for 2; the period is 6', () => {
    const timetable = makeTimetable([4, 2, 3]);
    expect(timetable).toEqual({
      period: 6,
      layers: [
        { integrates: { first: 0, steps: 0 }, fires: { first: 0, steps: 4 }, phases: 4 },
        { integrates: { first: 0, steps: 4 }, fires: { first: 4, steps: 2 }, phases: 2 },
        { integrates: { first: 4, steps: 2 }, fires: { first: 6, steps: 3 }, phases: 3 },
        { integrates: { first: 6, steps: 3 }, fires: { first: 9, steps: 0 }, phases: 0 },
      ],
    });
    // w(a)iting, i(n)tegrating, f(i)ring, i(d)le
    expect(states(timetable, 1, 14)).toBe('nnnniinnnniinn');
    expect(states(timetable, 2, 14)).toBe('aaaanniiidnnii');
    expect(states(timetable, 3, 14)).toBe('aaaaaannndddnn');
    expect([1, 2].map((n) => wordSteps(timetable, n))).toEqual([9, 15]);
    expect(readoutSteps(timetable, 2)).toEqual([7, 8, 9, 13, 14, 15]);
    expect(boundaries(timetable, 16)).toEqual([3, 4, 6, 9, 10, 12, 15, 16]);
  });

  it('a shortcut of 5 bits beside words of 2 makes the window 5 long, and all later ones later', () => {
    const layers = [
      { depth: 1, terms: [{ source: -1 }] },
      { depth: 2, terms: [{ source: 0 }] },
      { depth: 2 },
      { depth: 3, terms: [{ source: 2 }, { source: 0 }, { source: -1 }] },
      { depth: 4, terms: [{ source: 3 }] },
    ];
    const phases = [3, 5, 2, 4];
    expect(windowsOf(layers, phases)).toEqual([3, 5, 5, 4]);
    const timetable = makeTimetable(phases, windowsOf(layers, phases));
    expect(timetable.layers[3].integrates).toEqual({ first: 8, steps: 5 });
    expect(timetable.period).toBe(9);
    // held from its own word, steps 3 … 7, to the partner's window, steps 8 … 12
    expect(holdSteps(timetable, 1, 3)).toBe(5);
    expect(holdSteps(timetable, 2, 3)).toBe(0);
    expect(wordSteps(timetable, 1)).toBe(17);
    // K_0 is no word: a shortcut from the pixels brings its current in one step
    expect(windowsOf([layers[0], { depth: 2, terms: [{ source: 0 }, { source: -1 }] }], [8, 2])).toEqual([8, 2]);
  });

  it('a readout of pixels has a wave every 2K steps', () => {
    expect(makeTimetable([3]).period).toBe(6);
  });

  it('weights of a word’s bits: most significant first, nothing behind the last', () => {
    expect([-1, 0, 1, 2, 3].map((k) => phaseWeight(3, k))).toEqual([0, 4, 2, 1, 0]);
  });

  it('neurons without windows count steps modulo their own K', () => {
    const timetable = makeTimetable([4, 3]);
    expect(steps(5).map((t) => phaseAt(timetable, 1, t).phase)).toEqual([0, 1, 2, 0, 1]);
    expect(steps(5).map((t) => phaseAt(timetable, 2, t).phase)).toEqual([0, 0, 0, 0, 0]);
  });

  it('K of a timetable', () => {
    expect(phasesOf(makeTimetable([4, 2, 3]))).toEqual([4, 2, 3]);
    expect(oneK(makeTimetable([4, 2, 3]))).toBeNull();
    expect(oneK(makeTimetable([3, 3, 3]))).toBe(3);
  });
});

describe('with one K, all is section 6 in closed form', () => {
  const expectClosed = (network: SpikingNetwork) => {
    const { timetable } = network;
    const K = closed.kOf(network);
    const deepest = readoutOf(network).depth;
    expect(timetable).toEqual(makeTimetable(new Array<number>(deepest).fill(K)));
    expect(timetable.period).toBe(2 * K);
    expect(oneK(timetable)).toBe(K);
    for (let wave = 0; wave < 4; wave++) {
      expect(wordSteps(timetable, wave + 1)).toBe(closed.wordSteps(network, wave + 1));
      for (let k = 0; k < K; k++) expect(readoutStep(timetable, wave, k)).toBe(closed.readoutStep(network, wave, k));
    }
    expect(readoutPhases(timetable)).toBe(K);
    for (let depth = 1; depth <= deepest; depth++) {
      for (let t = 0; t < K * (deepest + 5); t++) {
        const { state, phase, last } = momentAt(timetable, depth, t);
        const integrates = closed.integrates(depth, Math.floor(t / K));
        expect(state).toBe(integrates === null ? 'waiting' : integrates ? 'integrating' : depth < deepest ? 'firing' : 'idle');
        if (state !== 'waiting' && state !== 'idle') expect(phase).toBe(t % K);
        if (depth < deepest) expect(last).toBe(t % K === K - 1);
        if (depth === deepest) continue;
        expect(sentBy(timetable, depth, t)).toEqual(closed.sentBy(network, depth, t));
        // firing windows D, D + 2, … that have begun
        expect(wordsBegun(timetable, depth, t)).toBe(Math.max(0, Math.ceil((Math.ceil(t / K) - depth) / 2)));
        expect(windowsBegun(timetable, depth + 1, t)).toBe(wordsBegun(timetable, depth, t));
      }
    }
  };

  it('on random networks, joins and all', () => {
    fc.assert(
      fc.property(recipes, (recipe) => expectClosed(randomNetwork(recipe))),
      { numRuns: 40, seed: 61 },
    );
  });

  it.each([1, 4, 8])('on a residual network, K = %i; a row of synchronous neurons holds a word back for whole windows', (K) => {
    const network = residual(4, K);
    expectClosed(network);
    for (const layer of network.layers) {
      if (layer.kind === 'pool') continue;
      for (const { source, delay } of layer.terms) {
        if (source < 0) continue;
        expect(holdSteps(network.timetable, network.layers[source].depth, layer.depth)).toBe(delay * K);
      }
    }
  });
});

describe('any timetable, against its spans written out step by step', () => {
  it('a depth fires while the next integrates, never while it integrates itself, once a period', () => {
    fc.assert(
      fc.property(timetables, (timetable) => {
        const { period, layers } = timetable;
        layers.slice(1).forEach((times, i) => {
          const depth = i + 1;
          expect(times.integrates.steps + times.fires.steps).toBeLessThanOrEqual(period);
          const sent = { words: 0, bits: 0 };
          let sending = 0;
          for (let t = 0; t < times.fires.first + 3 * period; t++) {
            expect(sentBy(timetable, depth, t)).toEqual(sent);
            expect(sendingSteps(timetable, depth, t)).toBe(sending);
            const { state, phase, last } = momentAt(timetable, depth, t);
            const next = layers[depth + 1] ? momentAt(timetable, depth + 1, t) : null;
            if (state === 'firing') {
              expect([next?.state, next?.phase]).toEqual(['integrating', phase]);
              expect(last).toBe(phase === times.phases - 1);
              sending++;
              sent.bits = last ? 0 : phase + 1;
              if (last) sent.words++;
            }
            const since = t - times.integrates.first;
            const within = since >= 0 && since % period < times.integrates.steps;
            expect(state === 'integrating').toBe(within);
            if (within) expect(phase).toBe(since % period);
          }
        });
      }),
      { numRuns: 60, seed: 62 },
    );
  });

  it('boundaries are where some depth changes what it does or ends a span, and nowhere else', () => {
    fc.assert(
      fc.property(timetables, (timetable) => {
        const end = timetable.layers[timetable.layers.length - 1].integrates.first + 2 * timetable.period;
        const depths = timetable.layers.map((_, depth) => depth).slice(1);
        const what = (t: number) => depths.map((depth) => momentAt(timetable, depth, t));
        const marks = new Set(boundaries(timetable, end));
        for (let t = 1; t <= end; t++) {
          const [before, after] = [what(t - 1), what(t)];
          const changes = depths.some(
            (_, i) => before[i].last || (before[i].state !== after[i].state && after[i].state !== 'idle'),
          );
          if (changes) expect(marks.has(t), `step ${t}`).toBe(true);
          if (!marks.has(t)) for (const [i, { phase }] of after.entries()) expect(phase).toBe(before[i].phase + 1);
        }
      }),
      { numRuns: 60, seed: 63 },
    );
  });

  it('the readout’s steps are those of its windows, T_n the last of each', () => {
    fc.assert(
      fc.property(timetables, (timetable) => {
        const depth = timetable.layers.length - 1;
        const waves = 3;
        const found = steps(wordSteps(timetable, waves)).filter((t) => momentAt(timetable, depth, t).state === 'integrating');
        expect(readoutSteps(timetable, waves)).toEqual(found.map((t) => t + 1));
        expect(readoutSteps(timetable, waves).at(-1)).toBe(wordSteps(timetable, waves));
        expect(wordSteps(timetable, 1)).toBe(timetable.layers.reduce((sum, { integrates }) => sum + integrates.steps, 0));
      }),
      { numRuns: 60, seed: 64 },
    );
  });
});

describe('interleaving', () => {
  it('one K: a second image fits between, one every K steps, two held ones share the period', () => {
    expect(interleaved(makeTimetable([4, 4, 4]))).toEqual({ cycle: 4, latency: 12, membranes: 2, held: true });
    expect(interleaved(makeTimetable([4, 2, 4, 2]))).toEqual({ cycle: 4, latency: 12, membranes: 2, held: false });
  });

  it('no two images of a stream integrate, nor fire, at one depth at once, and none of them meets another in a membrane', () => {
    fc.assert(
      fc.property(timetables, fc.integer({ min: 2, max: 7 }), (timetable, images) => {
        const { cycle, membranes, latency } = interleaved(timetable);
        timetable.layers.slice(1).forEach(({ integrates, fires }, i) => {
          const end = latency + images * cycle;
          const mark = (spans: { first: number; steps: number }[], at: (Set<number> | undefined)[], m: number) => {
            for (const { first, steps: length } of spans) {
              for (let t = first + m * cycle; t < first + m * cycle + length; t++) at[t] = (at[t] ?? new Set()).add(m);
            }
          };
          const [integrating, firing] = [new Array<Set<number> | undefined>(end), new Array<Set<number> | undefined>(end)];
          for (let m = 0; m < images; m++) {
            mark([integrates], integrating, m);
            mark([fires], firing, m);
          }
          for (let t = 0; t < end; t++) {
            expect(integrating[t]?.size ?? 0).toBeLessThanOrEqual(1);
            expect(firing[t]?.size ?? 0).toBeLessThanOrEqual(1);
            // one image integrates and one fires: never in the same membrane
            const [a, b] = [[...(integrating[t] ?? [])][0], [...(firing[t] ?? [])][0]];
            if (a !== undefined && b !== undefined) expect(a % membranes).not.toBe(b % membranes);
            if (a !== undefined) expect(integratedImage(timetable, i + 1, t)).toBe(a);
            else expect(integratedImage(timetable, i + 1, t) ?? images).toBeGreaterThanOrEqual(images);
            if (b !== undefined) expect(firedImage(timetable, i + 1, t)).toBe(b);
          }
          // an image has left its membrane when the next but one comes
          expect(integrates.first + membranes * cycle).toBeGreaterThanOrEqual(fires.first + fires.steps);
        });
      }),
      { numRuns: 80, seed: 65 },
    );
  });

  it('`held`: two images over several waves, the second a cycle later, never meet exactly where the period says so', () => {
    fc.assert(
      fc.property(timetables, (timetable) => {
        const { cycle, held } = interleaved(timetable);
        const meet = timetable.layers.slice(1).some(({ integrates, fires }) =>
          [integrates, fires].some(({ first, steps: length }) => {
            const at = (t: number, onset: number) => t >= first + onset && (t - first - onset) % timetable.period < length;
            return steps(first + 4 * timetable.period).some((t) => at(t, 0) && at(t, cycle));
          }),
        );
        expect(meet).toBe(!held);
      }),
      { numRuns: 80, seed: 66 },
    );
  });
});
