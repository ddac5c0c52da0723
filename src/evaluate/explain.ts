import type { Ann } from '../ann/ann.ts';
import { countImages } from '../ann/pixels.ts';
import { type Checks, checkOptions, without } from '../checks.ts';
import type { PhaseChoice } from '../convert/choose-phases.ts';
import { conversionsOf, convertCalibrated } from '../convert/convert.ts';
import type { DataSet } from '../data/data-set.ts';
import type { AdapterDescription, Device } from '../gpu/device.ts';
import { phaseBitsOf, type SpikingNetwork } from '../network/network.ts';
import { type BatchSize, LEAST_AUTO } from '../plan/batch.ts';
import { AnnSession, type Normalization } from '../run/ann-session.ts';
import { type Batch, logitsAt } from '../run/batch.ts';
import type { Calibration } from '../run/calibration-session.ts';
import { Session } from '../run/session.ts';
import { type LabelledSource, pixelsSource, readImages } from '../run/source.ts';
import { type Accuracy, accuracyOf, bestClasses, countAgreeing, countHits } from './accuracy.ts';
import { attributeEffects, attributeLayers, type EffectError, sharesOf } from './attribute.ts';
import type { DiagnosedDone } from './checkpoint.ts';
import { runDiagnosed } from './diagnosed.ts';
import { diagnosis } from './diagnosis.ts';
import type { AffectedAnn, Effect } from './effects.ts';
import { EXPLAINED } from './explained.ts';
import { classesOf, logitsOf } from './fit.ts';
import { checkGiven } from './given.ts';
import { LastingDevice } from './lasting.ts';
import { untracked } from './ledger.ts';
import { type Logits, logitError } from './logit-error.ts';
import type { Model } from './model.ts';
import type { EvaluateOptions } from './options.ts';
import { cutImages, type Part, type Progress, runTrained } from './passes.ts';
import { checkPixels, type PixelFigures } from './pixel-check.ts';
import { inputFigures, prepare } from './prepare.ts';
import { rehearseWords } from './rehearse.ts';
import { candidatesFor, type FixedEvaluation, lastStep, type Remedy } from './remedies.ts';
import type { InputFigures } from './result.ts';
import { EVALUATE_OPTIONS, settle } from './settle.ts';
import { Stopwatch } from './stopwatch.ts';

/** What to explain, and how it is converted and run; as in `evaluate`, but for `limit`: 100 images. */
export type ExplainOptions = Omit<EvaluateOptions, 'diagnosis'>;

/** What each of `ExplainOptions` must be. */
export const EXPLAIN_OPTIONS: Checks<ExplainOptions> = without(EVALUATE_OPTIONS, 'diagnosis');

/** Images, the first of them, on which layers are looked at one by one: the trained network runs up to three times a layer. */
const OF_LAYERS = 32;

/** Where the error of a spiking network comes from. Errors are relative errors of logits (`logitError`): 0.1 is 10 points. */
export interface Explanation extends InputFigures {
  readonly model: string;
  readonly dataset: string;
  readonly images: number;
  readonly classes: number;
  readonly phaseBits: number | readonly number[];
  /** How K was chosen; null where it was given. */
  readonly phaseChoice: PhaseChoice | null;
  readonly waves: number;
  readonly initial: 'half' | 'zero';
  readonly ann: Accuracy;
  readonly snn: Accuracy & { readonly agreement: number };
  readonly pixels: PixelFigures;
  readonly error: ErrorFigures;
  /** The layers that have weights, the worst first. */
  readonly layers: readonly ExplainedLayer[];
  /** What to try, the best first. */
  readonly remedies: readonly Remedy[];
  readonly device: AdapterDescription;
  readonly seconds: number;
}

/** Parts of the logit error. */
export interface ErrorFigures {
  /** After each word. */
  readonly words: readonly number[];
  /** Of the first word: what each effect causes alone, in all layers, and what is left without it. */
  readonly effects: Readonly<Record<Effect, EffectError>>;
  /** All effects together, without spikes: the network of K-bit words. */
  readonly together: number;
  /** How far the first word's logits are from those of that network: what is due to the times of spikes. */
  readonly timing: number;
  /** After the first word with biases as they were before their correction; null where they are not corrected. */
  readonly uncorrected: number | null;
}

/** One layer: the logit error that each effect causes in it alone, while all other layers stay as they were trained. */
export interface ExplainedLayer extends Readonly<Record<Effect, number>> {
  readonly name: string;
  /** Images that these errors are of. */
  readonly images: number;
  /** Share of this layer's squared errors in those of all layers. */
  readonly share: number;
  /** Neurons that spike where the trained network has 0, and that are full, of all; null for the readout. */
  readonly sin: number | null;
  readonly saturated: number | null;
}

/** How far an explanation is: images run, of a stage's. */
export interface ExplainProgress {
  readonly stage: Progress['stage'] | 'explain' | 'remedies';
  readonly done: number;
  readonly images: number;
}

type Report = (progress: ExplainProgress) => void;

/** What all parts need: the images in memory, and both networks' ways to logits. */
interface Bench {
  readonly device: Device;
  readonly evaluation: FixedEvaluation;
  readonly pixels: Uint8Array;
  readonly report: Report;
}

/**
 * Says where a converted network's error comes from, and what to try. Effects are switched on one at a time in the trained network
 * (`withEffects`), which runs in f32; so each figure is measured and none is a model's.
 * @throws OptionError, UnsupportedModelError, ModelFormatError, ConversionError, DeviceError
 */
export async function explain(
  device: Device,
  model: string | Ann | Model,
  given: DataSet | LabelledSource,
  options: ExplainOptions = {},
  onProgress: Report = () => {},
): Promise<Explanation> {
  const start = performance.now();
  checkGiven(device, model, given, onProgress);
  const settings = settle(checkOptions(options, EXPLAIN_OPTIONS), { limit: EXPLAINED, phaseBits: 'auto' });
  const prepared = await prepare(model, given, settings);
  rehearseWords(device, prepared, { keepWords: true });
  const { ann, images, dataset, waves, correctBias } = prepared;
  const one = new LastingDevice(device, null);
  const counting = { countChannels: true };
  const { network, calibration, phaseChoice, notes } = await runTrained(one, prepared, null, new Stopwatch(), onProgress, counting);
  const evaluation: FixedEvaluation = { ...prepared, phaseBits: phaseBitsOf(network) };
  const pixels = await readImages(images, 0, images.count);
  const bench: Bench = { device, evaluation, pixels, report: onProgress };
  const trained = await trainedLogits(bench, ann);
  const checked = await checkPixels(evaluation, pixels, trained, (other) => trainedLogits(bench, ann, other));
  const plain = convertCalibrated(ann, calibration, evaluation);
  const words = await wordLogits(bench, network, waves);
  const error = await errorFigures(bench, plain, trained, words, (correctBias ? await wordLogits(bench, plain, 1) : words)[0]);
  const layers = await layerFigures(bench, plain, network);
  const classes = bestClasses({ values: trained, images: images.count });
  const last = { values: words[waves - 1], images: images.count };
  const agreement = countAgreeing(last, classes) / images.count;
  return {
    model: ann.name,
    dataset: dataset.name,
    images: images.count,
    classes: classesOf(ann),
    phaseBits: phaseBitsOf(network),
    phaseChoice,
    waves,
    initial: network.initial,
    ...inputFigures(evaluation),
    ann: accuracyOf(countHits({ values: trained, images: images.count }, images.labels)),
    snn: { ...accuracyOf(countHits(last, images.labels)), agreement },
    pixels: checked.figures,
    error,
    layers,
    remedies: await tryRemedies(bench, calibration, trained, error.words[waves - 1]),
    notes: [...evaluation.notes, ...notes, ...checked.notes],
    device: device.description,
    seconds: (performance.now() - start) / 1000,
  };
}

/** Images at once, such that the last batch is not the smallest: software drivers compute what a batch lacks all the same. */
function evenBatch({ capabilities }: Device, images: number, batch: BatchSize): BatchSize {
  if (batch === 'auto' && !capabilities.software) return batch;
  return Math.ceil(images / Math.ceil(images / (batch === 'auto' ? LEAST_AUTO : batch)));
}

/** Logits of a trained network, as it is or with effects. @param pixels of some of the images, by default all */
async function trainedLogits(
  { device, evaluation, pixels: all }: Bench,
  ann: Ann,
  { mean, std }: Normalization = evaluation,
  pixels = all,
): Promise<Float32Array> {
  const imageCount = countImages(pixels, ann.input);
  const batch = evenBatch(device, imageCount, evaluation.batch);
  const session = await AnnSession.create(device, ann, { mean, std, batch, imageCount });
  try {
    return (await session.classify(pixels)).logits;
  } finally {
    session.dispose();
  }
}

/** Logits of a trained network with effects of conversion. */
const affectedLogits = (bench: Bench, { ann, ...normalization }: AffectedAnn, pixels?: Uint8Array): Promise<Float32Array> =>
  trainedLogits(bench, ann, normalization, pixels);

/** Logits of a spiking network after each word. */
async function wordLogits({ device, evaluation, pixels }: Bench, network: SpikingNetwork, waves: number): Promise<Logits[]> {
  const { choices, images } = evaluation;
  const batch = evenBatch(device, images.count, evaluation.batch);
  const session = await Session.create(device, network, { batch, imageCount: images.count, waves, choices });
  try {
    const { units, points, words } = session;
    const found = words.map(() => new Float64Array(images.count * units.length));
    await session.run(pixelsSource(pixels, images.shape), (one: Batch) => {
      words.forEach((point, n) => {
        found[n].set(logitsAt(one, point, { units, points }), one.first * units.length);
      });
    });
    return found;
  } finally {
    session.dispose();
  }
}

/** The whole network's error, and its parts. @param first logits of the first word of `network`, whose biases are not corrected */
async function errorFigures(
  bench: Bench,
  network: SpikingNetwork,
  trained: Logits,
  words: readonly Logits[],
  first: Logits,
): Promise<ErrorFigures> {
  const { ann, correctBias } = bench.evaluation;
  const errorOf = (logits: Logits) => logitError(logits, trained, logitsOf(ann));
  const run = (affected: AffectedAnn) => affectedLogits(bench, affected);
  const { effects, together } = await attributeEffects({ ann, network, trained, run });
  return {
    words: words.map(errorOf),
    effects,
    together: errorOf(together),
    timing: logitError(first, trained, logitsOf(ann), together),
    uncorrected: correctBias ? errorOf(first) : null,
  };
}

/** Every layer by itself. @param plain the network before biases are corrected */
async function layerFigures(bench: Bench, plain: SpikingNetwork, network: SpikingNetwork): Promise<ExplainedLayer[]> {
  const { evaluation, pixels, report } = bench;
  const { ann, images } = evaluation;
  const count = Math.min(OF_LAYERS, images.count);
  const some = pixels.subarray(0, (pixels.length / images.count) * count);
  const trained = await trainedLogits(bench, ann, evaluation, some);
  const run = (affected: AffectedAnn) => affectedLogits(bench, affected, some);
  const errors = await attributeLayers({ ann, network: plain, trained, run }, (done, runs) =>
    report({ stage: 'explain', done: done * count, images: runs * count }),
  );
  const [part] = cutImages(images, images.count, classesOf(ann));
  const kept = { diagnosed: untracked<DiagnosedDone>(), digester: null };
  const one = new LastingDevice(bench.device, null);
  const { frame, sums } = await runDiagnosed(one, network, evaluation, part as Part, kept, new Stopwatch(), ({ done }) =>
    report({ stage: 'diagnosis', done, images: images.count }),
  );
  const { layers } = diagnosis(frame, sums.layers, sums.images);
  const shares = sharesOf(errors);
  const firing = ann.layers.flatMap(({ kind }, l) => (kind === 'neurons' ? [l] : []));
  return ann.layers
    .flatMap(({ kind, name }, l) => {
      if (kind === 'pool') return [];
      const { sin = null, saturated = null } = layers[firing.indexOf(l)] ?? {};
      return [{ name, images: count, ...errors[l], share: shares[l], sin, saturated }];
    })
    .sort((a, b) => b.share - a.share);
}

/** Converts and runs what could help, each by itself. @param error after all words as it is */
async function tryRemedies(bench: Bench, calibration: Calibration, trained: Logits, error: number): Promise<Remedy[]> {
  const { device, evaluation, report } = bench;
  const { images, ann } = evaluation;
  const classes = bestClasses({ values: trained, images: images.count });
  const convertAgain = conversionsOf(device, ann, calibration, evaluation.calibrationSource, evaluation);
  const candidates = candidatesFor(evaluation);
  const tried: Remedy[] = [];
  for (const candidate of candidates) {
    const waves = candidate.changes.waves ?? evaluation.waves;
    const network = await convertAgain({ phaseBits: evaluation.phaseBits, ...candidate.changes });
    const last = (await wordLogits(bench, network, waves))[waves - 1];
    const found = logitError(last, trained, logitsOf(ann));
    tried.push({
      option: candidate.option,
      error: found,
      gain: error - found,
      agreement: countAgreeing({ values: last, images: images.count }, classes) / images.count,
      timesteps: lastStep(network, waves),
    });
    report({ stage: 'remedies', done: tried.length * images.count, images: candidates.length * images.count });
  }
  return tried.sort((a, b) => b.gain - a.gain);
}
