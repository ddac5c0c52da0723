import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Device } from '../../src/gpu/device.ts';
import type { Pass } from '../../src/plan/program.ts';
import type { Steps } from '../../src/plan/trains/chunks.ts';
import { cutPasses, Pace, workOfPasses } from '../../src/run/submissions.ts';
import { describeOnDevice, device } from '../helpers/device.ts';
import { randomPixels } from '../helpers/random-network.ts';
import { F32, KINDS, TRAINED } from '../helpers/sessions.ts';
import { SOAK } from '../helpers/soak.ts';

const dispatches = fc.array(fc.record({ macs: fc.nat(1000), invocations: fc.integer({ min: 1, max: 100 }) }), {
  minLength: 1,
  maxLength: 8,
});

/** Passes over these dispatches, some of which are marked. */
const passesOver = (count: number): fc.Arbitrary<Pass<Steps>[]> =>
  fc.array(
    fc.record({
      chunk: fc.option(fc.record({ step: fc.nat(9), steps: fc.integer({ min: 1, max: 9 }), row: fc.nat(9) })),
      dispatches: fc.array(fc.nat(count - 1), { maxLength: 6 }),
      mark: fc.option(fc.nat(9)),
    }),
    { minLength: 1, maxLength: 6 },
  );

const work = dispatches.chain((all) => fc.tuple(fc.constant(all), passesOver(all.length), fc.integer({ min: 1, max: 20000 })));

describe('cutting passes into submissions', () => {
  it('everything once and in order, marks behind the last part, no more than may be but for a dispatch alone', () => {
    fc.assert(
      fc.property(work, ([all, passes, most]) => {
        const submissions = cutPasses(all, passes, most);
        const order = (some: readonly Pass<Steps>[]) => some.flatMap((one) => one.dispatches.map((d) => [one.chunk, d]));
        expect(order(submissions.flat())).toEqual(order(passes));
        let done = 0;
        const marks = (some: readonly Pass<Steps>[]) =>
          some.flatMap((one) => {
            done += one.dispatches.length;
            return one.mark === null ? [] : [[one.mark, done]];
          });
        const wanted = marks(passes);
        done = 0;
        expect(marks(submissions.flat())).toEqual(wanted);
        for (const own of submissions) {
          expect(own.length).toBeGreaterThan(0);
          if (own.reduce((sum, one) => sum + one.dispatches.length, 0) > 1) {
            expect(workOfPasses(all, own)).toBeLessThanOrEqual(most);
          }
        }
        if (workOfPasses(all, passes) <= most) expect(submissions).toEqual([passes]);
      }),
      { numRuns: 500, seed: 83 },
    );
  });

  it('two neighbours would be too much together: none is cut without need', () => {
    fc.assert(
      fc.property(work, ([all, passes, most]) => {
        const sizes = cutPasses(all, passes, most).map((own) => ({
          total: workOfPasses(all, own),
          first: workOfPasses(all, [{ ...own[0], dispatches: own[0].dispatches.slice(0, 1) }]),
        }));
        sizes.slice(1).forEach(({ first }, i) => {
          expect(sizes[i].total + first).toBeGreaterThan(most);
        });
      }),
      { numRuns: 500, seed: 84 },
    );
  });
});

describe('what one submission may hold', () => {
  it('before a batch was timed: 0.5 s of a slow device, so that 700 GMAC are many submissions', () => {
    const { most } = new Pace(false);
    expect(most).toBe(1e10);
    const layers = Array.from({ length: 100 }, () => ({ macs: 7e9, invocations: 1 }));
    const pass: Pass<Steps> = { chunk: null, dispatches: [...layers.keys()], mark: null };
    expect(cutPasses(layers, [pass], most)).toHaveLength(100);
  });

  it('then half a second of what a batch took; one that took next to nothing says nothing', () => {
    const pace = new Pace(true);
    pace.took(3e9, 0.01);
    expect(pace.most).toBeCloseTo(1.5e11);
    pace.took(3e9, 0.0001);
    expect(pace.most).toBeCloseTo(1.5e11);
    pace.took(3e9, 6);
    expect(pace.most).toBeCloseTo(2.5e8);
  });
});

describeOnDevice.each(SOAK ? KINDS : KINDS.filter((kind) => kind !== F32))(
  '$name: every dispatch in a submission of its own',
  (kind) => {
    afterEach(() => vi.restoreAllMocks());

    it('gives the same', async () => {
      const pixels = randomPixels(TRAINED.input, 2, 9);
      const session = await kind.create(device as Device, { batch: 2 });
      const submit = vi.spyOn((device as Device).handle.queue, 'submit');
      const whole = await kind.results(session, pixels);
      expect(submit).toHaveBeenCalledTimes(1);
      for (const one of session.plan.dispatches) Object.assign(one, { macs: 1e15 });
      expect(await kind.results(session, pixels)).toEqual(whole);
      // of the stepped engine half the dispatches are the other form's, of the trained network's some count for calibration
      expect(submit.mock.calls.length).toBeGreaterThan(session.plan.dispatches.length / 2);
      session.dispose();
    });
  },
);
