import type { Ann } from '../ann/ann.ts';
import type { PhaseChoice } from '../convert/choose-phases.ts';
import type { DataSet, SkippedImage } from '../data/data-set.ts';
import type { Sidecar } from '../data/sidecar.ts';
import { phasesAt, type SpikingNetwork } from '../network/network.ts';
import type { CalibrationOrigin } from '../network/saved/about.ts';
import { wordsAreSteps } from '../quantize/phases.ts';
import type { NormalizationFigures } from './fit.ts';

/** What the user should know and no figure says. */
export interface Note {
  readonly code:
    | 'ann-accuracy'
    | 'mean-std-wrong'
    | 'bgr'
    | 'calibrated-on-evaluated'
    | 'class-names'
    | 'class-count'
    | 'loss'
    | 'memory'
    | 'mean-std-assumed'
    | 'normalized'
    | 'silent-layers'
    | 'steps'
    | 'skipped';
  readonly text: string;
}

/** Images that were left out. */
export const skippedNotes = (skipped: readonly SkippedImage[]): Note[] =>
  skipped.length === 0
    ? []
    : [
        {
          code: 'skipped',
          text: `${images(skipped.length)} could not be read and ${skipped.length === 1 ? 'is' : 'are'} left out`,
        },
      ];

/** Where mean and standard deviation are nobody's who knows the model. */
export function normalizationNotes({ meanFrom, stdFrom }: NormalizationFigures, sidecar: Sidecar | null): Note[] {
  if (meanFrom === 'images') {
    const ignored = sidecar?.mean ? '; mean and std of the model’s sidecar are left alone' : '';
    return [{ code: 'normalized', text: `the images are normalised already, and taken as they are${ignored}` }];
  }
  const from = [meanFrom, stdFrom];
  if (from.includes('nobody')) {
    return [
      {
        code: 'mean-std-assumed',
        text: 'nothing says what the model was trained with: pixels / 255 are taken as they are (--mean, --std, or its sidecar)',
      },
    ];
  }
  if (!from.includes('data set')) return [];
  const text =
    'mean and std are those that the data set is customarily normalised with; if the model was trained with others, say so (--mean, --std, or its sidecar)';
  return [{ code: 'mean-std-assumed', text }];
}

/**
 * Classes of images and model that are not the same: other numbers of them, or the same names in another order.
 * @param count the model's classes
 */
export function classNotes({ classes }: DataSet, sidecar: Sidecar | null, count: number): Note[] {
  const hasNames = classes.some((name, c) => name !== String(c));
  if (!hasNames) return [];
  if (classes.length !== count) {
    const text = `the images are of ${classes.length} classes, and the model has ${count}: their numbers may not mean the same`;
    return [{ code: 'class-count', text }];
  }
  const plain = (name: string) => name.trim().toLowerCase();
  const ofModel = (sidecar?.classes ?? []).map(plain);
  const c = classes.findIndex((name, i) => ofModel.includes(plain(name)) && ofModel[i] !== plain(name));
  if (c < 0) return [];
  const text = `class ${c} of the images is "${classes[c]}", and of the model "${sidecar?.classes?.[c]}": number the classes as the model does (--classes)`;
  return [{ code: 'class-names', text }];
}

/** Scales that come from images that are evaluated too. */
export const calibrationNotes = (origin: CalibrationOrigin, count: number): Note[] =>
  origin !== 'evaluated'
    ? []
    : [
        {
          code: 'calibrated-on-evaluated',
          text: `all images are evaluated, so that the scales come from ${images(count)} of these themselves (their labels are not used); others can be given with --calibrate-on`,
        },
      ];

/** A K that was to be chosen, and none loses as little as it may. */
export const phaseNotes = (choice: PhaseChoice | null): Note[] =>
  choice === null || choice.met
    ? []
    : [
        {
          code: 'loss',
          text: `no K from 2 to 8 is estimated to lose at most ${points(choice.allowed)} points by the first word; the best of them loses ${points(choice.loss.value)}`,
        },
      ];

/** Images whose channels seem to stand the other way round. Accuracies are of the trained network on `count` calibration images. */
export const bgrNote = (straight: number, swapped: number, count: number): Note => ({
  code: 'bgr',
  text: `red and blue seem to be swapped: on ${images(count)} for calibration the ANN has ${percent(straight)}, and ${percent(swapped)} where they change places`,
});

/** Layers that calibration could not measure. */
export function silentNotes(layers: readonly string[]): Note[] {
  if (layers.length === 0) return [];
  const [what, their] =
    layers.length === 1
      ? ['layer', 'its scale comes from the bound on its sum']
      : ['layers', 'their scales come from the bounds on their sums'];
  const names = layers.map((name) => `"${name}"`).join(', ');
  return [{ code: 'silent-layers', text: `no image for calibration made ${what} ${names} fire: ${their}` }];
}

/**
 * A device without memory for the images at once that were to be.
 * @param refused of each session: for how many there was none, null or left out where there was
 */
export function memoryNotes(refused: readonly (number | null | undefined)[]): Note[] {
  const most = Math.max(0, ...refused.map((batch) => batch ?? 0));
  if (most === 0) return [];
  return [
    { code: 'memory', text: `the device has no memory for ${images(most)} at once: fewer are run, half as often as it takes` },
  ];
}

/** Quantised layers: how many have the steps of the model as words, and how many cannot. */
export function stepNotes(ann: Ann, network: SpikingNetwork): Note[] {
  const quantised = ann.layers.flatMap((layer, l) => (layer.kind === 'neurons' && layer.bits !== undefined ? [l] : []));
  const own = quantised.filter((l) => wordsAreSteps(ann.layers[l], phasesAt(network, l))).length;
  const other = quantised.length - own;
  const of = (count: number) => `${count} of ${quantised.length} quantised layers`;
  const exact = `${of(own)} take λ and K from the model and keep their biases: a word counts its own steps`;
  const near = `${of(other)} have words of another K than the bits of their own steps, which they then only come near to (--phase-bits auto takes K from the model; layers of one depth share it)`;
  return [...(own > 0 ? [exact] : []), ...(other > 0 ? [near] : [])].map((text) => ({ code: 'steps', text }));
}

const images = (count: number): string => `${count.toLocaleString('en-US')} image${count === 1 ? '' : 's'}`;
const points = (fraction: number): string => String(Number((100 * fraction).toFixed(2)));
const percent = (fraction: number): string => `${(100 * fraction).toFixed(1)} %`;
