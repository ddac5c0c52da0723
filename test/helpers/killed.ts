import { expect } from 'vitest';
import type { CheckpointStore } from '../../src/evaluate/checkpoint.ts';

/** Work that ends at every so many writes of its checkpoint, and is begun again until it is done. @returns what it gave, and how often it ended */
export async function killedUntilDone<T extends object>(
  writes: number,
  run: (checkpoint: CheckpointStore) => Promise<T>,
): Promise<{ readonly found: T; readonly kills: number }> {
  let [text, kills, found]: [string | null, number, T | null] = [null, 0, null];
  while (found === null) {
    let left = writes;
    const write = (now: string) => {
      text = now;
      if (--left === 0) throw new Error('killed');
    };
    found = await run({ name: 'kept', read: () => text, due: () => true, write }).catch((error: Error) => {
      expect(error.message).toBe('killed');
      kills++;
      return null;
    });
  }
  return { found, kills };
}
