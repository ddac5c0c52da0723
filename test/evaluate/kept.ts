import type { CheckpointStore, Kept } from '../../src/evaluate/checkpoint.ts';
import { hashOf } from '../../src/evaluate/subject.ts';
import { subject } from './parts.ts';

/** A text in memory. @param writes after which whoever writes is killed */
export function store(text: string | null = null, writes = Number.POSITIVE_INFINITY): CheckpointStore & { text: string | null } {
  let left = writes;
  const found = {
    ...{ name: 'kept', text, due: () => true, read: () => found.text },
    write: (now: string) => {
      found.text = now;
      if (--left === 0) throw new Error('killed');
    },
  };
  return found;
}

/** What an evaluation might have found. */
export const kept: Kept = {
  subject,
  shard: { index: 2, of: 3 },
  digest: true,
  network: hashOf('a network'),
  ...{ stages: {}, conversion: null },
  classes: Buffer.from(Uint16Array.of(1, 2, 300).buffer).toString('base64'),
  trained: { images: 3, sums: { images: 3, top1: 2, top5: 3 } },
  spiking: { images: 2, sums: { hits: [{ images: 2, top1: 1, top5: 2 }], agreeing: 1, spikes: [12, 0, 7] } },
  diagnosed: { images: 0, sums: null },
  words: { blocks: [null], begun: [{ block: 0, known: 2, images: Buffer.alloc(5 * 32, 7).toString('base64') }] },
};
