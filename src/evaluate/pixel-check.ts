import { perChannel } from '../ann/pixels.ts';
import { pixelStatistics } from '../data/pixel-statistics.ts';
import type { Normalization } from '../run/ann-session.ts';
import { accuracyOf, countHits } from './accuracy.ts';
import type { Logits } from './logit-error.ts';
import type { Note } from './notes.ts';
import type { Evaluation } from './prepare.ts';

/** What the network's input is like, and whether it looks like that of training. */
export interface PixelFigures {
  /** Mean and standard deviation of the images' own pixels / 255, a channel. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** The same once normalised, as the network sees them: about 0 and 1 where mean and std are of such images. */
  readonly seenMean: readonly number[];
  readonly seenStd: readonly number[];
  /** Share of the images that the trained network puts in the right class. */
  readonly accuracy: number;
  /** The same with other means and standard deviations. */
  readonly others: readonly TriedNormalization[];
}

/** What the trained network would do with another normalisation. */
export interface TriedNormalization extends Normalization {
  /** Whose it is. */
  readonly whose: string;
  readonly accuracy: number;
}

/** Accuracy below which the trained network is at fault, or is not shown what it was trained on. */
const POOR = 0.5;
/** Another normalisation must put so many standard errors more images in the right class. */
const ERRORS = 2;

/**
 * Looks at the normalisation: the most common mistake is a mean and std that the model was not trained with. Where others might gain,
 * the trained network is run with those that are customary and with the images' own.
 * @param pixels of the images, [image][channel][y][x]
 * @param logits of the trained network as it is run
 * @param run it with another normalisation
 */
export async function checkPixels(
  { images, mean, std, dataset, normalization }: Evaluation,
  pixels: Uint8Array,
  logits: Logits,
  run: (normalization: Normalization) => Promise<Logits>,
): Promise<{ readonly figures: PixelFigures; readonly notes: readonly Note[] }> {
  const { shape, labels, count } = images;
  const own = pixelStatistics(pixels, shape);
  const [means, stds] = [perChannel(mean, shape.channels, 'mean'), perChannel(std, shape.channels, 'std')];
  const hitsOf = (values: Logits): number => countHits({ values, images: count }, labels).top1;
  const hits = hitsOf(logits);
  const others: TriedNormalization[] = [];
  if (normalization.meanFrom !== 'images' && hits < count) {
    for (const one of customary(own, dataset)) {
      if (isSame(one, { mean: means, std: stds })) continue;
      others.push({ ...one, accuracy: hitsOf(await run(one)) / count });
    }
  }
  const figures: PixelFigures = {
    ...own,
    seenMean: own.mean.map((m, c) => (m - means[c]) / stds[c]),
    seenStd: own.std.map((s, c) => s / stds[c]),
    accuracy: accuracyOf({ images: count, top1: hits, top5: hits }).top1,
    others,
  };
  const chance = 1 / (logits.length / count);
  return { figures, notes: pixelNotes(figures, count, chance) };
}

/** What models are trained with. */
function customary(own: Normalization, dataset: Normalization): (Normalization & { readonly whose: string })[] {
  return [
    { whose: 'the images’ own', ...own },
    { whose: 'the data set’s', mean: dataset.mean, std: dataset.std },
    { whose: 'pixels / 255 as they are', mean: [0], std: [1] },
    { whose: 'pixels from −1 to 1', mean: [0.5], std: [0.5] },
  ];
}

const isSame = (a: Normalization, b: Normalization): boolean =>
  (['mean', 'std'] as const).every((name) => b[name].every((v, c) => Math.abs(v - a[name][a[name].length === 1 ? 0 : c]) < 1e-3));

/** What is wrong with the input, where something seems to be. */
function pixelNotes({ accuracy, others, seenMean, seenStd }: PixelFigures, images: number, chance: number): Note[] {
  const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
  const list = (values: readonly number[]) => values.map((v) => Number(v.toPrecision(3))).join(', ');
  const best = others.reduce<TriedNormalization | null>((most, one) => (one.accuracy > (most?.accuracy ?? 0) ? one : most), null);
  const error = Math.sqrt((accuracy * (1 - accuracy) + 1 / images) / images);
  if (best && best.accuracy > accuracy + ERRORS * error) {
    const found = `mean ${list(best.mean)} and std ${list(best.std)} (${best.whose})`;
    const text = `mean and std seem not to be those of training: with ${found} the trained network has ${percent(best.accuracy)} of the images right, with those in use ${percent(accuracy)}; say so with --mean and --std, or in the sidecar`;
    return [{ code: 'mean-std-wrong', text }];
  }
  if (accuracy >= Math.max(POOR, 2 * chance)) return [];
  const seen = `normalised pixels have mean ${list(seenMean)} and std ${list(seenStd)}`;
  const text = `the trained network itself has ${percent(accuracy)} of the images right: no conversion can do better. Look at mean and std (${seen}; in training mostly about 0 and 1), at the order of the classes and of the channels, and at how pictures are cut`;
  return [{ code: 'ann-accuracy', text }];
}
