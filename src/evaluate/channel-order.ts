import type { AnnBatch } from '../run/batch.ts';
import type { CalibrationSession } from '../run/calibration-session.ts';
import { type ImageSource, readImages, sliceSource, sourceLike } from '../run/source.ts';
import { accuracyOf, countHits, type Hits } from './accuracy.ts';
import { folding } from './folds.ts';
import { bgrNote, type Note } from './notes.ts';

/** Images that are looked at, at most: their accuracy's standard error is below 4 points. */
const LOOKED_AT = 200;

/** What swapped channels must gain for a note. Where they stand as they should, swapping them costs accuracy. */
const GAIN = 0.1;

/** Looks for red and blue that have changed places, as they have in images that were read for another library. */
export interface ChannelOrder {
  /** Takes what the trained network made of a batch of the images as they are. */
  readonly add: (batch: AnnBatch) => void;
  /** Runs them with red and blue swapped, where that could gain enough to be worth it; as they are too, where no batch was added. */
  readonly notes: (session: CalibrationSession) => Promise<readonly Note[]>;
}

/** @param source images; without labels, or with another number of channels than 3, there is nothing to look at */
export function channelOrder(source: ImageSource): ChannelOrder {
  const { labels, shape } = source;
  const count = Math.min(LOOKED_AT, source.count);
  if (!labels || shape.channels !== 3 || count === 0) return { add: () => {}, notes: async () => [] };
  const counting = () =>
    folding(({ first, images, logits }: AnnBatch): Hits => {
      const some = Math.max(0, Math.min(images, count - first));
      return countHits({ values: logits.subarray(0, (logits.length / images) * some), images: some }, labels, first);
    });
  const straight = counting();
  const accuracy = (hits: Hits | null): number => (hits && hits.images > 0 ? accuracyOf(hits).top1 : 0);
  return {
    add: (batch) => straight.add(batch),
    notes: async (session) => {
      if (straight.sums() === null) await session.run(sliceSource(source, 0, count), (batch) => straight.add(batch));
      const before = accuracy(straight.sums());
      if (before + GAIN >= 1) return [];
      const swapped = counting();
      await session.run(swap(sliceSource(source, 0, count)), (batch) => swapped.add(batch));
      const after = accuracy(swapped.sums());
      return after > before + GAIN ? [bgrNote(before, after, count)] : [];
    },
  };
}

/** The same images, first and last channel in each other's place. */
export function swap(source: ImageSource): ImageSource {
  const area = source.shape.height * source.shape.width;
  return sourceLike(source, {
    read: async (first: number, count: number) => {
      const pixels = Uint8Array.from(await readImages(source, first, count));
      for (let at = 0; at < pixels.length; at += 3 * area) {
        const red = pixels.slice(at, at + area);
        pixels.copyWithin(at, at + 2 * area, at + 3 * area);
        pixels.set(red, at + 2 * area);
      }
      return pixels;
    },
  });
}
