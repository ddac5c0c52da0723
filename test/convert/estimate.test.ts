import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimatedLoss, estimateOf, estimateSums } from '../../src/convert/estimate.ts';

/** Logits of both networks for a few images, [image][class]. */
const readings = fc.integer({ min: 2, max: 6 }).chain((classes) => {
  const logits = fc.array(fc.integer({ min: -40, max: 40 }), { minLength: classes, maxLength: classes });
  return fc.array(fc.record({ trained: logits, spiking: logits }), { minLength: 2, maxLength: 12 });
});

const mean = (x: readonly number[]) => x.reduce((a, b) => a + b, 0) / x.length;
const standardError = (x: readonly number[]) => Math.sqrt(mean(x.map((v) => (v - mean(x)) ** 2)) / (x.length - 1));
const best = (x: readonly number[]) => x.indexOf(Math.max(...x));
const centred = (x: readonly number[]) => x.map((v) => v - mean(x));
const norm = (x: readonly number[]) => Math.hypot(...x);

/** Each figure of each image as its definition says. */
function plain({ trained, spiking }: { readonly trained: number[]; readonly spiking: number[] }) {
  const powers = trained.map((v) => Math.exp(v));
  const p = powers.map((v) => v / powers.reduce((a, b) => a + b));
  const [first, second] = [...trained].sort((a, b) => b - a);
  const [own, other] = [centred(trained), centred(spiking)];
  const error = norm(own.map((v, c) => other[c] - v));
  return {
    loss: p[best(trained)] - p[best(spiking)],
    differs: Number(best(trained) !== best(spiking)),
    margin: first - second,
    error: error < 1e-9 ? 0 : norm(own) < 1e-9 ? 1 : error / norm(own),
  };
}

const sumsOf = (images: readonly { readonly trained: readonly number[]; readonly spiking: readonly number[] }[]) => {
  const sums = estimateSums();
  for (const { trained, spiking } of images) sums.add(Float32Array.from(trained), Float64Array.from(spiking));
  return sums.estimates();
};

describe('estimates', () => {
  it('are the means of what each image gives', () => {
    fc.assert(
      fc.property(readings, (images) => {
        const found = sumsOf(images);
        const each = images.map(plain);
        const margin = mean(each.map((one) => one.margin)) || 1;
        const expected = {
          expectedLoss: each.map(({ loss }) => loss),
          disagreement: each.map(({ differs }) => differs),
          marginWeighted: each.map((one) => (one.differs * one.margin) / margin),
          logitError: each.map(({ error }) => error),
        };
        for (const [name, values] of Object.entries(expected)) {
          const { value, standardError: error } = found[name as keyof typeof expected];
          expect(value, name).toBeCloseTo(mean(values), 9);
          // sums of squares lose half of the digits
          expect(error, name).toBeCloseTo(standardError(values), 5);
        }
        expect(estimatedLoss(found).value).toBe(Math.max(found.marginWeighted.value, found.logitError.value ** 2 / 2));
      }),
    );
  });

  it('are 0 of a network that gives the same, whatever it adds to all classes', () => {
    const images = [
      { trained: [1, 5, 3], spiking: [4, 8, 6] },
      { trained: [4, 0, 2], spiking: [4, 0, 2] },
    ];
    const nothing = { value: 0, standardError: 0 };
    expect(sumsOf(images)).toEqual({
      ...{ expectedLoss: nothing, disagreement: nothing, marginWeighted: nothing, logitError: nothing },
    });
  });

  it('the loss of a class that the trained network holds as likely is small, and its disagreement is not', () => {
    const sure = sumsOf(new Array(4).fill({ trained: [9, 0], spiking: [0, 9] }));
    const unsure = sumsOf(new Array(4).fill({ trained: [0.01, 0], spiking: [0, 9] }));
    expect(sure.expectedLoss.value).toBeGreaterThan(0.99);
    expect(unsure.expectedLoss.value).toBeLessThan(0.01);
    expect([sure.disagreement.value, unsure.disagreement.value]).toEqual([1, 1]);
  });

  it('is not known to any precision of one image', () => {
    expect(estimateOf(0.25, 0.0625, 1)).toEqual({ value: 0.25, standardError: null });
    expect(estimateOf(2, 2, 4)).toEqual({ value: 0.5, standardError: Math.sqrt(1 / 12) });
  });
});

it('what decides is the disagreement weighted by margin, and no less than half the square of the logits’ error', () => {
  const of = (value: number, standardError: number) => ({ value, standardError });
  const [expectedLoss, disagreement, marginWeighted] = [of(0, 0), of(0, 0), of(0.006, 0.001)];
  const found = { expectedLoss, disagreement, marginWeighted };
  expect(estimatedLoss({ ...found, logitError: of(0.1, 0.01) })).toBe(marginWeighted);
  const sure = estimatedLoss({ ...found, logitError: of(0.2, 0.01) });
  expect(sure.value).toBeCloseTo(0.02, 12);
  expect(sure.standardError).toBeCloseTo(0.002, 12);
});
