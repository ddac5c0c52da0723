import { describe, expect, it } from 'vitest';
import { readEvaluation } from '../../src/evaluate/evaluation-file.ts';
import { mergeParts, type NamedEvaluation } from '../../src/evaluate/merge-parts.ts';
import type { EvaluationResult, PartFigures } from '../../src/evaluate/result.ts';
import { evaluated, part } from './parts.ts';

const untimed = ({ timing: _, ...result }: EvaluationResult) => result;

/** A part of which something is different. */
const changed = (one: NamedEvaluation<EvaluationResult>, changes: Partial<PartFigures>, name = one.name) => ({
  name,
  result: { ...one.result, part: { ...one.result.part!, ...changes } },
});

describe('mergeParts', () => {
  it.each([1, 2, 3, 5])('%i parts, in any order, are the whole, exactly', (of) => {
    const parts = Array.from({ length: of }, (_, i) => part(i + 1, of)).reverse();
    expect(untimed(mergeParts(parts))).toStrictEqual(untimed(evaluated(null)));
  });

  it('parts without digests too', () => {
    const [a, b] = [part(1, 2), part(2, 2)].map((one) => ({ ...one, result: { ...one.result, digest: null } }));
    expect(mergeParts([a, b])).toMatchObject({ digest: null, snn: evaluated(null).snn });
  });

  it('names all devices, adds seconds up, and takes rates of all images', () => {
    const [a, b] = [part(1, 2), part(2, 2)];
    const device = { adapter: 'another', driver: a.result.device.driver, software: false };
    const timing = { ...b.result.timing, seconds: 1, imagesPerSecond: 1000, steadyImagesPerSecond: null };
    const merged = mergeParts([a, { ...b, result: { ...b.result, device, timing } }]);
    expect(merged.device).toEqual({ adapter: 'llvmpipe, another', driver: device.driver, software: false });
    expect(merged.timing.seconds).toBeCloseTo(a.result.timing.seconds + 1, 9);
    expect(merged.timing.steadyImagesPerSecond).toBeNull();
    const { images } = evaluated(null);
    const seconds = a.result.images / a.result.timing.imagesPerSecond + b.result.images / 1000;
    expect(merged.timing.imagesPerSecond).toBeCloseTo(images / seconds, 6);
  });

  const [one, two, three] = [part(1, 3), part(2, 3), part(3, 3)];
  const { subject } = one.result.part!;
  it.each([
    ['none', [], /there are none/],
    ['a missing part', [one, three], /parts: part 2\/3 is missing/],
    ['two missing parts', [two], /parts: parts 1\/3, 3\/3 are missing/],
    ['a doubled part', [one, two, three, { ...two, name: 'again.json' }], /^again.json: is part 2\/3, and so is part-2.json/],
    ['another cut', [one, two, part(3, 4)], /^part-3.json: is of another evaluation than part-1.json: 4 parts and 3/],
    ['a whole', [one, two, { name: 'whole.json', result: evaluated(null) }], /^whole.json: is of no part/],
    [
      'a part of another model',
      [one, two, changed(three, { subject: { ...subject, model: 'f'.repeat(64) } })],
      /trained networks differ/,
    ],
    [
      'a part of a saved network',
      [one, two, changed(three, { subject: { ...subject, model: null } })],
      /the model is "a saved network"/,
    ],
    [
      'a part of other images',
      [one, two, changed(three, { subject: { ...subject, dataset: { ...subject.dataset, offset: 0 } } })],
      /^part-3.json: is of another evaluation than part-1.json: the first image is 0 and 100/,
    ],
    [
      'a part with other options',
      [one, two, changed(three, { subject: { ...subject, options: { ...subject.options, waves: 2 } } })],
      /option waves is 2 and 3/,
    ],
    [
      'a part of another conversion',
      [one, changed(two, { network: 'f'.repeat(64) }), three],
      /part-2.json.*convert once \(bsnn convert\)/,
    ],
    ['a part without a digest', [one, two, { ...three, result: { ...three.result, digest: null } }], /one has a digest/],
  ])('refuses %s', (_, parts, message) => {
    expect(() => mergeParts(parts as NamedEvaluation<EvaluationResult>[])).toThrow(message);
  });
});

describe('readEvaluation', () => {
  const text = JSON.stringify(part(2, 3).result);

  it('gives back what was written', () => {
    expect(readEvaluation(text, 'a.json').result).toStrictEqual(JSON.parse(text));
    const whole = JSON.stringify(evaluated(null));
    expect(readEvaluation(whole, 'a.json').result).toStrictEqual(JSON.parse(whole));
  });

  it.each([
    ['nothing', ''],
    ['half of it', text.slice(0, text.length / 2)],
    ['another JSON', '{"images": 3}'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a part with another sum', text.replace(/"agreeing":(\d+)/, (_, n) => `"agreeing":${Number(n) + 1}`)],
    ['a part with another figure', text.replace('"waves":3,"initial"', '"waves":4,"initial"')],
    ['a part with another seal', text.replace(/"sha256":"[0-9a-f]{64}"}/, `"sha256":"${'0'.repeat(64)}"}`)],
    ['a digest of other images', JSON.stringify({ ...evaluated(null), images: 314 })],
    ['a digest that is not that of its blocks', JSON.stringify(evaluated(null)).replace(/"blocks":\["../, '"blocks":["00')],
    ['a figure beyond all numbers', JSON.stringify(evaluated(null)).replace(/"spikesPerImage":\d+/, '"spikesPerImage":1e999')],
    ['a digest that is none', JSON.stringify({ ...evaluated(null), digest: { blocks: ['x'] } })],
  ])('refuses %s', (_, wrong) => {
    expect(wrong).not.toBe(text);
    expect(() => readEvaluation(wrong, 'a.json')).toThrow(/^a\.json: .*eval --json/);
  });
});
