import { shapeSize } from '../ann/ann.ts';
import type { PhaseChoice } from '../convert/choose-phases.ts';
import type { ScaleMethod } from '../convert/scale.ts';
import type { SkippedImage } from '../data/data-set.ts';
import type { AdapterDescription } from '../gpu/device.ts';
import type { SpikingNetwork } from '../network/network.ts';
import type { CalibrationOrigin } from '../network/saved/about.ts';
import type { Accuracy } from './accuracy.ts';
import type { CurvePoint } from './curve.ts';
import type { Diagnosis, LayerDiagnosis } from './diagnosis.ts';
import type { WordDigest } from './digest.ts';
import type { NormalizationFigures } from './fit.ts';
import type { Note } from './notes.ts';
import type { Shard } from './shard.ts';
import type { Subject } from './subject.ts';
import type { EvaluationSums, Frame } from './sums.ts';

/** Where the scales of a network come from. */
export interface ScaleFigures {
  /** How λ of the layers was chosen. */
  readonly scale: ScaleMethod;
  /** Where that is "percentile": which. */
  readonly percentile: number;
  /** Whether each channel has a λ of its own. */
  readonly perChannel: boolean;
  /** Whether biases were corrected on the same images. */
  readonly correctBias: boolean;
  /** Images calibrated on: fewer than asked for where there are no more. */
  readonly calibrationImages: number;
  /** Whose images these are. */
  readonly calibratedOn: CalibrationOrigin;
}

/** How a network was shown its images: what every command says. */
export interface InputFigures extends ScaleFigures {
  /** Mean and standard deviation of pixels / 255, and who says so. */
  readonly normalization: NormalizationFigures;
  /** Images that cannot be read and were left out (`skipBad`). */
  readonly skipped: readonly SkippedImage[];
  /** What the user should know and no figure says. */
  readonly notes: readonly Note[];
}

/** The same of a saved network, as its file has it; null where that does not say. */
export type SavedScaleFigures = { readonly [name in keyof ScaleFigures]: ScaleFigures[name] | null };

/** How a saved network was shown its images. */
export interface SavedInputFigures extends Omit<InputFigures, keyof ScaleFigures>, SavedScaleFigures {}

/** What an evaluation found; its JSON is what `bsnn eval --json` writes. Accuracies are fractions, spikes are of all waves. */
export interface EvaluationResult extends InputFigures {
  readonly model: string;
  readonly dataset: string;
  /** Images evaluated. */
  readonly images: number;
  readonly classes: number;
  /** K; by depth, from the input's window on, where it differs. */
  readonly phaseBits: number | readonly number[];
  /** How K was chosen; null where it was given. */
  readonly phaseChoice: PhaseChoice | null;
  readonly waves: number;
  readonly initial: 'half' | 'zero';
  /** Images at once, as the plan cut it to the device. */
  readonly batch: number;
  /** The trained network, in f32. */
  readonly ann: Accuracy;
  readonly snn: SpikingAccuracy;
  /** The layers that integrate, in order; the readout is the last and never fires. */
  readonly layers: readonly LayerFigures[];
  readonly spikesPerImage: number;
  /** Of the first of the images (option `diagnosis`), after all waves; its layers' figures are in `layers`. Null where not asked for. */
  readonly diagnosis: DiagnosisSummary | null;
  /** Whether kernels were chosen by tuning; for how many of the network's layer shapes. */
  readonly tuned: boolean;
  readonly tunedShapes: number;
  readonly device: AdapterDescription;
  /** Of all words; null where not asked for. */
  readonly digest: DigestFigures | null;
  /** Where this is of one of several parts: what makes one result of all. */
  readonly part: PartFigures | null;
  readonly timing: Timing;
}

/** A digest of words, and what they are of. */
export interface DigestFigures extends WordDigest {
  readonly subject: Subject;
  /** SHA-256 of the spiking network. */
  readonly network: string;
}

/** A part of an evaluation. */
export interface PartFigures extends Shard {
  /** Index of its first image among those of all parts, and how many it has. */
  readonly first: number;
  readonly images: number;
  /** What the whole is of. */
  readonly subject: Subject;
  /** SHA-256 of the spiking network. */
  readonly network: string;
  readonly frame: Frame;
  readonly sums: EvaluationSums;
  /** SHA-256 of this result but for itself, so that one that was changed is told. */
  readonly sha256: string;
}

/** What an evaluation of a saved network found: the same without a trained network, to which nothing is compared. */
export interface SavedEvaluation
  extends Omit<EvaluationResult, keyof ScaleFigures | 'ann' | 'snn' | 'diagnosis' | 'phaseChoice'>,
    SavedInputFigures {
  readonly ann: null;
  readonly snn: Omit<SpikingAccuracy, 'agreement'> & { readonly agreement: null };
  readonly diagnosis: null;
  readonly phaseChoice: null;
}

/** Accuracy of the spiking network; top-1 and top-5 after the last wave. */
export interface SpikingAccuracy extends Accuracy {
  /** T of the last wave: steps from the image's onset to its full word in the readout (the last of `wordSteps`). */
  readonly timesteps: number;
  /** T_1: steps to the first full word (`wordSteps[0]`). The curve starts `window` − 1 steps earlier, with the word's first bit. */
  readonly firstOutput: number;
  /** T of each word, from the first on; and the steps of a readout's window, in which a word comes. */
  readonly wordSteps: readonly number[];
  readonly window: number;
  /** One point for every step from the first that brings the readout spikes to `timesteps`. */
  readonly curve: readonly CurvePoint[];
  /** Share of images whose class after the last wave is the trained network's. */
  readonly agreement: number;
}

/** A diagnosis without its layers, and how long it took. */
export type DiagnosisSummary = Omit<Diagnosis, 'layers'> & { readonly seconds: number };

/** A layer; where it was diagnosed and fires, with its diagnosis. */
export interface LayerFigures extends Partial<LayerDiagnosis> {
  readonly name: string;
  readonly neurons: number;
  readonly spikesPerImage: number;
  /** Least and greatest g of the layer's channels; the threshold is θ = 2^g. */
  readonly gridBits: readonly [min: number, max: number];
}

/**
 * Wall-clock times. Those of the two networks, and what is worked out from them, are of the images that are not diagnosed, with their
 * batches overlapping as they do in `Session.run`; of all, batch by batch, where all are diagnosed.
 */
export interface Timing {
  /** From the model's import to the result. */
  readonly seconds: number;
  /** Images a second of the spiking network alone. */
  readonly imagesPerSecond: number;
  /** Multiply-adds a second of the spiking network alone: those of its convolutions, all waves, without padding. */
  readonly macsPerSecond: number;
  readonly importSeconds: number;
  /** Planning, uploading weights and compiling kernels, trained and spiking network together. */
  readonly compileSeconds: number;
  readonly calibrationSeconds: number;
  readonly annSeconds: number;
  readonly snnSeconds: number;
  /** From the call to the logits of the spiking network's first batch: import, calibration and baseline come before. */
  readonly firstResultSeconds: number;
  /** Images a second of the spiking network after its first batch; null where there is no other. */
  readonly steadyImagesPerSecond: number | null;
  /** Share of the spiking run, from first upload to last result, in which the GPU computed nothing; null without timestamps. */
  readonly gpuIdleShare: number | null;
  /** Images a second that the source gave while they were run by the spiking network: reading, decoding, and nothing else. */
  readonly readImagesPerSecond: number | null;
  /** The most bytes that all buffers of the device held at once during the call. */
  readonly peakGpuBytes: number;
}

/** A line for each layer that integrates; `spikes` of each layer of the network, all images together. */
export function layerFigures(network: SpikingNetwork, spikes: readonly number[], images: number): LayerFigures[] {
  return network.layers.flatMap((layer, l) =>
    layer.kind === 'pool'
      ? []
      : {
          name: layer.name,
          neurons: shapeSize(layer.shape),
          spikesPerImage: spikes[l] / images,
          gridBits: [layer.gridBits.reduce((a, b) => Math.min(a, b)), layer.gridBits.reduce((a, b) => Math.max(a, b))] as const,
        },
  );
}
