import { describe, expect, it } from 'vitest';
import type { Estimate } from '../../src/convert/estimate.ts';
import { type Found, type ScaleWay, searchWays } from '../../src/convert/search.ts';
import type { CheckpointStore } from '../../src/evaluate/checkpoint.ts';
import { type Journal, openJournal } from '../../src/evaluate/journal.ts';
import { checkTracks, noteCalibration, type TunedSoFar, trialIn } from '../../src/evaluate/tuned-so-far.ts';
import { subject } from './parts.ts';

/** A text in memory. @param writes after which whoever writes is killed */
function store(text: string | null = null, writes = Number.POSITIVE_INFINITY): CheckpointStore & { text: string | null } {
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

const NONE: TunedSoFar = {
  ...{ calibration: null, trials: {}, classes: '' },
  ...{ trained: { images: 0, sums: null }, words: { images: 0, sums: null } },
};
const openTuned = (file: CheckpointStore | null) => openJournal<TunedSoFar>({ store: file, work: 'tune', subject }, NONE);

const WAYS: readonly ScaleWay[] = (['mse', 'max'] as const).map((scale) => ({
  ...{ scale, percentile: 99.9, perChannel: true, correctBias: true },
}));

/** A search over made-up losses, none of which is a short decimal. @param onTrial called for each that is made */
function search(journal: Journal<TunedSoFar>, onTrial: () => void): Promise<Found> {
  const losses = (scale: string, phaseBits: readonly number[], words: number): Estimate[] =>
    Array.from({ length: words }, (_, w) => ({
      value: phaseBits.reduce((sum, K, d) => sum + 1 / (3 * (d + 7) * 2 ** (K + w)), scale === 'max' ? 1 / 70 : 0),
      standardError: 1 / 300,
    }));
  return searchWays({
    ...{ ways: WAYS, depths: 4, waves: 3, allowed: 0.02, trials: 40 },
    stepsTo: (phaseBits, word) => word * phaseBits.reduce((sum, K) => sum + K, 0),
    lossesOf: (way, phaseBits, words) =>
      trialIn(journal, way, phaseBits, words, async () => {
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

  it('goes on from the same calibration alone', () => {
    const calibrated = (logit: number) => ({
      calibration: { images: 2, statistics: [null], largestLogit: logit, grids: [] },
      tried: { source: { count: 1 } as never, logits: Float32Array.of(1, logit) },
    });
    const file = store();
    noteCalibration(file, openTuned(file), calibrated(2));
    noteCalibration(file, openTuned(file), calibrated(2));
    expect(() => noteCalibration(file, openTuned(file), calibrated(2.000001))).toThrow(
      /^kept: is of other work: calibration gave other figures, as it may in another version/,
    );
  });

  it('its check goes on with the classes that the trained network gave', () => {
    const file = store();
    const classes = Uint16Array.of(3, 500, 0);
    const { trained } = checkTracks(openTuned(file), classes);
    trained.note(2, { images: 2, top1: 1, top5: 2 });
    const again = new Uint16Array(3);
    const tracks = checkTracks(openTuned(file), again);
    expect([...again]).toEqual([3, 500, 0]);
    expect(tracks.trained.done).toEqual({ images: 2, sums: { images: 2, top1: 1, top5: 2 } });
    expect(tracks.words.done).toEqual({ images: 0, sums: null });
  });
});
