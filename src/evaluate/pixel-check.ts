import { perChannel } from '../ann/pixels.ts';
import { pixelStatistics } from '../data/pixel-statistics.ts';
import type { Normalization } from '../run/ann-session.ts';
import { countHits } from './accuracy.ts';
import { chooseNormalization } from './fit.ts';
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
  { ann, images, dataset, normalization }: Evaluation,
  pixels: Uint8Array,
  logits: Logits,
  run: (normalization: Normalization) => Promise<Logits>,
): Promise<{ readonly figures: PixelFigures; readonly notes: readonly Note[] }> {
  const { shape, labels, count } = images;
  const own = pixelStatistics(pixels, shape);
  const [mean, std] = (['mean', 'std'] as const).map((name) => perChannel(normalization[name], shape.channels, name));
  const hitsOf = (values: Logits): number => countHits({ values, images: count }, labels).top1;
  const hits = hitsOf(logits);
  const others: TriedNormalization[] = [];
  if (!['images', 'model'].includes(normalization.meanFrom) && hits < count) {
    for (const one of customary(own, dataset)) {
      if ([{ mean, std }, ...others].some((known) => isSame(one, known, shape.channels))) continue;
      const accuracy = hitsOf(await run(chooseNormalization(ann, dataset, null, { mean: one.mean, std: one.std }))) / count;
      others.push({ ...one, accuracy });
    }
  }
  const figures: PixelFigures = {
    ...own,
    seenMean: own.mean.map((m, c) => (m - mean[c]) / std[c]),
    seenStd: own.std.map((s, c) => s / std[c]),
    accuracy: hits / count,
    others,
  };
  const chance = 1 / (logits.length / count);
  return { figures, notes: pixelNotes(figures, count, chance) };
}

/** What models are trained with; of pictures in files the data set's are those of ImageNet. */
function customary(own: Normalization, { mean, std }: Normalization): (Normalization & { readonly whose: string })[] {
  return [
    { whose: 'the images’ own', ...own },
    { whose: 'the data set’s', mean, std },
    { whose: 'pixels / 255 as they are', mean: [0], std: [1] },
    { whose: 'pixels from −1 to 1', mean: [0.5], std: [0.5] },
  ];
}

/** Whether two normalisations do the same, to three digits. */
const isSame = (a: Normalization, b: Normalization, channels: number): boolean =>
  (['mean', 'std'] as const).every((name) => {
    const [one, other] = [perChannel(a[name], channels, name), perChannel(b[name], channels, name)];
    return one.every((v, c) => Math.abs(v - other[c]) < 1e-3);
  });

/** A few numbers in three digits; of many their range. */
export const listed = (values: readonly number[]): string => {
  const text = (v: number) => String(Number(v.toPrecision(3)));
  if (values.length <= 4) return values.map(text).join(', ');
  return `${text(values.reduce((a, b) => Math.min(a, b)))} to ${text(values.reduce((a, b) => Math.max(a, b)))}`;
};

/** What is wrong with the input, where something seems to be. */
function pixelNotes({ accuracy, others, seenMean, seenStd }: PixelFigures, images: number, chance: number): Note[] {
  const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
  const best = others.reduce<TriedNormalization | null>((most, one) => (one.accuracy > (most?.accuracy ?? 0) ? one : most), null);
  const error = Math.sqrt((accuracy * (1 - accuracy) + 1 / images) / images);
  if (best && best.accuracy > accuracy + ERRORS * error) {
    const found = `mean ${listed(best.mean)} and std ${listed(best.std)} (${best.whose})`;
    const text = `mean and std seem not to be those of training: with ${found} the trained network has ${percent(best.accuracy)} of the images right, with those in use ${percent(accuracy)}; say so with --mean and --std, or in the sidecar`;
    return [{ code: 'mean-std-wrong', text }];
  }
  if (accuracy >= Math.max(POOR, 2 * chance)) return [];
  const seen = `normalised pixels have mean ${listed(seenMean)} and std ${listed(seenStd)}`;
  const text = `the trained network itself has ${percent(accuracy)} of the images right: no conversion can do better. Look at mean and std (${seen}; in training mostly about 0 and 1), at the order of the classes and of the channels, and at how pictures are cut`;
  return [{ code: 'ann-accuracy', text }];
}
