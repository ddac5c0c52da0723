import { describe, expect, it } from 'vitest';
import { type Expected, readCheckpoint, writeKept } from '../../src/evaluate/checkpoint.ts';
import { openLedger } from '../../src/evaluate/ledger.ts';
import { kept, store } from './kept.ts';
import { subject } from './parts.ts';

const expected: Expected = { subject, shard: { index: 2, of: 3 }, digest: true, network: kept.network };

function written(): string {
  const empty = store();
  writeKept(empty, 'eval', kept);
  return empty.text as string;
}

describe('a checkpoint', () => {
  it('comes back as it was written; nothing is nothing', () => {
    expect(readCheckpoint(store(written()), expected)).toStrictEqual(kept);
    expect(readCheckpoint(store(), expected)).toBeNull();
  });

  it.each([
    ['nothing', ''],
    ['half of it', written().slice(0, 300)],
    ['another JSON', '{"format": "bsnn checkpoint", "version": 1}'],
    ['a later version', written().replace('"version":2', '"version":3')],
    ['one that was changed', written().replace('"top1":2', '"top1":3')],
  ])('%s is refused', (_, text) => {
    expect(() => readCheckpoint(store(text), expected)).toThrow(/^kept: is no checkpoint of this version, or was changed or cut/);
  });

  it.each([
    ['model', { subject: { ...subject, model: 'f'.repeat(64) } }, /the trained networks differ/],
    ['kind of model', { subject: { ...subject, model: null } }, /the model is "a trained one" and "a saved network"/],
    ['data set', { subject: { ...subject, dataset: { ...subject.dataset, name: 'x' } } }, /data set’s name is "mnist" and "x"/],
    ['number of images', { subject: { ...subject, dataset: { ...subject.dataset, images: 7 } } }, /number of images is 313 and 7/],
    ['option', { subject: { ...subject, options: { ...subject.options, waves: 2 } } }, /option waves is 3 and 2/],
    ['part', { shard: null }, /the part is 2\/3 and the whole/],
    ['digest', { digest: false }, /option digest is true and false/],
    ['saved network', { network: 'f'.repeat(64) }, /the spiking networks differ/],
  ])('one of another %s is refused', (_, changes, message) => {
    expect(() => readCheckpoint(store(written()), { ...expected, ...changes })).toThrow(message);
  });
});

describe('a ledger', () => {
  const options = { digest: true, shard: expected.shard, subject, images: 5, network: null };

  it('goes on where it was left, and keeps all batches but the last', async () => {
    const file = store(written());
    const classes = new Uint16Array(3);
    const ledger = await openLedger({ ...options, store: file, classes });
    expect([...classes]).toEqual([1, 2, 300]);
    expect([ledger.trained.done, ledger.spiking.done]).toEqual([kept.trained, kept.spiking]);
    const sums = { hits: [], agreeing: 0, spikes: [] };
    ledger.spiking.note(4, sums);
    const before = file.text;
    expect(readCheckpoint(file, { ...expected, network: null })?.spiking).toEqual({ images: 4, sums });
    ledger.spiking.note(5, sums);
    expect(file.text).toBe(before);
  });

  it('keeps nothing before it is time', async () => {
    const file = { ...store(), due: () => false };
    const ledger = await openLedger({ ...options, store: file, classes: new Uint16Array(3) });
    ledger.trained.note(2, { images: 2, top1: 1, top5: 1 });
    expect(file.read()).toBeNull();
  });
});
