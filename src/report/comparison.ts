import type { Comparison } from '../evaluate/comparison.ts';
import type { ComparisonPicture } from '../plot/comparison.ts';
import { phaseText, whole } from './text.ts';

/** The picture of a comparison: accuracy and SIN ratio of every neuron at every time that was looked at. */
export const comparisonPicture = ({ model, dataset, images, phaseBits, ann, rows }: Comparison): ComparisonPicture => ({
  title: `${model} on ${dataset}`,
  subtitle: `${whole(images)} images, K = ${phaseText(phaseBits)}`,
  annTop1: ann.top1,
  points: rows,
});
