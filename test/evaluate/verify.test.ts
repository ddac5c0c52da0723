import { describe, expect, it } from 'vitest';
import { mergeParts } from '../../src/evaluate/merge-parts.ts';
import type { DigestFigures, EvaluationResult } from '../../src/evaluate/result.ts';
import { verifyEvaluations } from '../../src/evaluate/verify.ts';
import { evaluated, part } from './parts.ts';

const whole = evaluated(null);
const named = (result: EvaluationResult, name: string) => ({ name, result });
const digest = whole.digest as DigestFigures;

/** What is said of the whole and of one with changes. */
const said = (changes: Partial<EvaluationResult>) =>
  verifyEvaluations(named(whole, 'a.json'), named({ ...whole, ...changes }, 'b.json'));

describe('verifyEvaluations', () => {
  it('finds no difference in what may differ: times, device, batch', () => {
    const device = { adapter: 'another', driver: 'another', software: false };
    const found = said({ device, batch: 1, timing: { ...whole.timing, seconds: 0 }, notes: [{ code: 'silent-layers', text: '' }] });
    expect(found).toEqual({ equal: true, images: whole.images, differences: [], firstBlock: null });
    expect(verifyEvaluations(named(mergeParts([part(1, 2), part(2, 2)]), 'a'), named(whole, 'b')).equal).toBe(true);
  });

  it('says in which images words begin to differ', () => {
    const blocks = digest.blocks.map((one, i) => (i === 1 || i === 3 ? 'f'.repeat(64) : one));
    const { equal, differences, firstBlock } = said({ digest: { ...digest, blocks } });
    expect({ equal, differences, firstBlock }).toEqual({
      equal: false,
      differences: ['words differ from images 164 to 227 on, in 2 of 5 blocks'],
      firstBlock: [164, 227],
    });
    const last = said({ digest: { ...digest, blocks: [...digest.blocks.slice(0, 4), 'f'.repeat(64)] } });
    expect(last.firstBlock).toEqual([356, 412]);
    expect(said({ digest: { ...digest, blocks: digest.blocks.slice(0, 4) } }).firstBlock).toEqual([356, 412]);
  });

  it.each([
    ['the network', { digest: { ...digest, network: 'f'.repeat(64) } }, ['the spiking networks differ']],
    [
      'the model',
      { digest: { ...digest, subject: { ...digest.subject, model: 'f'.repeat(64) } } },
      ['the trained networks differ'],
    ],
    [
      'an option',
      { digest: { ...digest, subject: { ...digest.subject, options: { ...digest.subject.options, waves: 2 } } } },
      ['option waves is 3 and 2'],
    ],
    ['an accuracy', { ann: { ...whole.ann, top1: 0.5 } }, [`ann.top1 is ${whole.ann.top1} and 0.5`]],
    ['the curve', { snn: { ...whole.snn, curve: [] } }, ['snn.curve differs']],
    [
      'a layer’s spikes',
      { layers: whole.layers.map((layer, l) => (l === 0 ? { ...layer, spikesPerImage: 1 } : layer)) },
      [`spikes of layer "first" are ${whole.layers[0].spikesPerImage} and 1 an image`],
    ],
    [
      'a layer more',
      { layers: [...whole.layers, { ...whole.layers[0], name: 'more' }] },
      [`spikes of layer "more" are none and ${whole.layers[0].spikesPerImage} an image`],
    ],
  ])('names %s', (_, changes, differences) => {
    expect(said(changes as Partial<EvaluationResult>)).toMatchObject({ equal: false, differences, firstBlock: null });
  });

  it('a saved network has no trained one, which is not held against it', () => {
    const saved = { ...digest, subject: { ...digest.subject, model: null, options: { waves: 3 } } };
    const { equal } = verifyEvaluations(named(whole, 'a'), {
      name: 'b',
      result: { ...whole, ann: null, snn: { ...whole.snn, agreement: null }, diagnosis: null, phaseChoice: null, digest: saved },
    });
    expect(equal).toBe(true);
  });

  it('refuses what has no digest, or is of a part', () => {
    expect(() => said({ digest: null })).toThrow(/^b\.json: has no digest; evaluate again with --digest/);
    expect(() => verifyEvaluations(part(1, 3), named(whole, 'a'))).toThrow(/^part-1\.json: is of part 1\/3 alone/);
  });
});
