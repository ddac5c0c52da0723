import { describe, expect, it } from 'vitest';
import type { Estimate } from '../../src/convert/estimate.ts';
import { type Found, type ScaleWay, searchWays } from '../../src/convert/search.ts';
import type { CheckpointStore } from '../../src/evaluate/checkpoint.ts';
import { type Journal, openJournal } from '../../src/evaluate/journal.ts';
import { onceIn } from '../../src/evaluate/stages.ts';
import { type WaysSoFar, wayTracks } from '../../src/evaluate/ways-so-far.ts';
import { store } from './kept.ts';
import { subject } from './parts.ts';

interface Counted {
  readonly images: number;
  readonly sums: readonly number[] | null;
}
const NOTHING: Counted = { images: 0, sums: null };
const open = (file: CheckpointStore, of = subject) => openJournal<Counted>({ store: file, work: 'compare', subject: of }, NOTHING);

describe('a journal', () => {
  it('goes on from what was written last', () => {
    const file = { ...store(), due: () => false };
    const journal = open(file);
    journal.note({ images: 2 }, 'always');
    journal.note({ images: 4, sums: [0.1, 1 / 3] });
    expect(journal.found).toEqual({ images: 4, sums: [0.1, 1 / 3] });
    expect(open(file).found).toEqual({ images: 2, sums: null });
  });

  it('is written when that is due, and never where it must not be', () => {
    const file = store();
    const journal = open(file);
    journal.note({ images: 4, sums: [0.1, 1 / 3] });
    journal.note({ images: 6 }, 'never');
    expect(journal.found.images).toBe(6);
    expect(open(file).found).toEqual({ images: 4, sums: [0.1, 1 / 3] });
  });

  it('nothing is written where nothing is kept; what is found before is nobody else’s', () => {
    const journal = openJournal({ store: null, work: 'tune', subject: null }, NOTHING);
    journal.note({ images: 4 }, 'always');
    expect([journal.isKept, journal.found.images, NOTHING.images]).toEqual([false, 4, 0]);
  });

  it('that of another command, or of other options, is refused', () => {
    const file = store();
    open(file).note({ images: 4 });
    expect(() => openJournal({ store: file, work: 'tune', subject }, NOTHING)).toThrow(
      /^kept: is of other work: the command is compare and tune \(there and here\)/,
    );
    const other = { ...subject, options: { ...subject.options, neurons: ['if'] } };
    expect(() => open(file, other)).toThrow(/option neurons is not given and \["if"\]/);
  });
});

const NONE: WaysSoFar = { stages: {}, classes: '', trained: { images: 0, sums: null }, words: [] };
const openTuned = (file: CheckpointStore | null) => openJournal<WaysSoFar>({ store: file, work: 'tune', subject }, NONE);

const WAYS: readonly ScaleWay[] = (['mse', 'max'] as const).map((scale) => ({
  ...{ scale, percentile: 99.9, perChannel: true, correctBias: true },
}));

/** A search over made-up losses, none of which is a short decimal. @param onTrial called for each that is made */
function search(journal: Journal<WaysSoFar>, onTrial: () => void): Promise<Found> {
  const losses = (scale: string, phaseBits: readonly number[], words: number): Estimate[] =>
    Array.from({ length: words }, (_, w) => ({
      value: phaseBits.reduce((sum, K, d) => sum + 1 / (3 * (d + 7) * 2 ** (K + w)), scale === 'max' ? 1 / 70 : 0),
      standardError: 1 / 300,
    }));
  return searchWays({
    ...{ ways: WAYS, depths: 4, waves: 3, allowed: 0.02, trials: 40 },
    stepsTo: (phaseBits, word) => word * phaseBits.reduce((sum, K) => sum + K, 0),
    lossesOf: (way, phaseBits, words) =>
      onceIn(journal)(JSON.stringify([way.scale, phaseBits, words]), async () => {
        onTrial();
        return losses(way.scale, phaseBits, words);
      }),
  });
}

describe('a search', () => {
  it('killed after any trials and begun again: each is made once, and the same is found', async () => {
    let made = 0;
    const whole = await search(openTuned(null), () => made++);
    const all = made;
    expect(all).toBeGreaterThan(5);
    for (const writes of [1, 2, 5]) {
      let [text, found, kills]: [string | null, Found | null, number] = [null, null, 0];
      made = 0;
      while (found === null) {
        const file = store(text, writes);
        found = await search(openTuned(file), () => made++).catch((error: Error) => {
          expect(error.message).toBe('killed');
          kills++;
          return null;
        });
        text = file.text;
      }
      expect(found).toStrictEqual(whole);
      expect([made, kills]).toEqual([all, Math.floor(all / writes)]);
    }
  });

  it('goes on from its own calibration, to the last bit, whatever another would give', async () => {
    const measured = {
      statistics: [null, { bins: Uint32Array.of(0, 7, 2 ** 32 - 1), largest: Number.POSITIVE_INFINITY }],
      ...{ sums: Float64Array.of(1 / 3, -0, Number.NaN), biases: [Int32Array.of(-5)], largestLogit: -0 },
      logits: Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i)),
    };
    const file = store();
    expect(await onceIn(openTuned(file))('calibration', async () => measured)).toBe(measured);
    const again = await onceIn(openTuned(file))('calibration', async () => ({ statistics: [] }));
    expect(again).toStrictEqual(measured);
  });

  it('parts are told by their names; where nothing is kept each is made', async () => {
    const made = async (once: ReturnType<typeof onceIn>) => [
      await once('toString', async () => 1),
      await once('b', async () => 2),
      await once('b', async () => 3),
    ];
    expect(await made(onceIn(openTuned(store())))).toEqual([1, 2, 2]);
    expect(await made(onceIn(openTuned(null)))).toEqual([1, 2, 3]);
  });

  it('its check goes on with the classes that the trained network gave', () => {
    const file = store();
    const classes = Uint16Array.of(3, 500, 0);
    const { trained, words } = wayTracks(openTuned(file), classes);
    trained.note(2, { images: 2, top1: 1, top5: 2 });
    const ofWord = { images: 2, top1: 1, top5: 2, lost: 1, won: 0 };
    words(0).note(3, [ofWord]);
    words(1).note(2, [ofWord]);
    const again = new Uint16Array(3);
    const tracks = wayTracks(openTuned(file), again);
    expect([...again]).toEqual([3, 500, 0]);
    expect(tracks.trained.done).toEqual({ images: 2, sums: { images: 2, top1: 1, top5: 2 } });
    expect([0, 1, 2].map((way) => tracks.words(way).done.images)).toEqual([3, 2, 0]);
    expect(tracks.words(1).done.sums).toEqual([ofWord]);
  });
});
