import type { Ann } from '../ann/ann.ts';
import { type Checks, checkOptions, integer, optionsOf, without } from '../checks.ts';
import { asDataSet, type DataSet } from '../data/data-set.ts';
import type { Device } from '../gpu/device.ts';
import { phaseBitsOf } from '../network/network.ts';
import type { SavedNetwork } from '../network/saved/load.ts';
import { ANN_SESSION_OPTIONS, AnnSession } from '../run/ann-session.ts';
import { type Batch, logitsAt } from '../run/batch.ts';
import { bestClass, perClass, softmax } from '../run/logits.ts';
import { Session } from '../run/session.ts';
import { type ImageSource, sliceSource, sourceLike } from '../run/source.ts';
import { convertPrepared, preparedFigures } from './convert-prepared.ts';
import { readingsAt } from './curve.ts';
import { asClassifier, classNames, logitsOf } from './fit.ts';
import { checkGiven } from './given.ts';
import { type LastingDevice, lasting } from './lasting.ts';
import { asModel, type Model } from './model.ts';
import { memoryNotes } from './notes.ts';
import type { EvaluateOptions } from './options.ts';
import { type Evaluation, prepareImages } from './prepare.ts';
import { rehearseWords } from './rehearse.ts';
import type { SavedInputFigures } from './result.ts';
import { prepareSaved, type SavedInputs, type SavedOptions } from './saved-inputs.ts';
import { EVALUATE_OPTIONS, settle } from './settle.ts';

/** What to say of each image; the rest as in `evaluate`. */
export interface PredictOptions extends Omit<EvaluateOptions, 'limit' | 'offset' | 'diagnosis'> {
  /** Classes that are said of an image, at most (default 5). */
  readonly top?: number;
}

/** What each of `PredictOptions` must be. */
export const PREDICT_OPTIONS: Checks<PredictOptions> = {
  ...without(EVALUATE_OPTIONS, 'limit', 'offset', 'diagnosis'),
  top: integer(1),
};

/** How far a prediction is. */
export interface PredictProgress {
  readonly stage: 'predict';
  readonly done: number;
  readonly images: number;
}

/** What both networks make of some images; of a saved network, what it makes of them. */
export interface Predictions extends SavedInputFigures {
  readonly model: string;
  readonly phaseBits: number | readonly number[];
  readonly waves: number;
  /** T of each word, from the first on. */
  readonly wordSteps: readonly number[];
  readonly images: readonly Prediction[];
}

/** What both networks make of one image. */
export interface Prediction {
  /** The class after the last word: the one of the highest score. */
  readonly class: number;
  /** What the model's sidecar calls it; null where nobody does. */
  readonly name: string | null;
  /** The step from which on the class was no other, to the end. */
  readonly finalAt: number;
  /** The class of the trained network; null of a saved one, which has none. */
  readonly annClass: number | null;
  /** The best after the last word, the best first. */
  readonly top: readonly Score[];
}

/** The scores of one class: logits in the trained network's units, and their share of all classes' (softmax). */
export interface Score {
  readonly class: number;
  readonly name: string | null;
  /** After each word. */
  readonly logits: readonly number[];
  readonly shares: readonly number[];
  /** The trained network's; null where there is none. */
  readonly annLogit: number | null;
  readonly annShare: number | null;
}

/**
 * Classifies images, labelled or not, by a trained network and its spiking counterpart. Scales come from `calibrateOn`, else from these
 * images themselves. Where the device is lost it is opened again, and goes on at the first batch that did not land.
 * @throws OptionError, UnsupportedModelError, ModelFormatError, ConversionError, DeviceError
 */
export async function predict(
  device: Device,
  model: string | Ann | Model,
  images: DataSet | ImageSource,
  options: PredictOptions = {},
  onProgress: (progress: PredictProgress) => void = () => {},
): Promise<Predictions> {
  checkGiven(device, model, images, onProgress);
  return lasting(device, (one) => predictOn(device, one, model, images, options, onProgress));
}

async function predictOn(
  device: Device,
  lastingDevice: LastingDevice,
  model: string | Ann | Model,
  images: DataSet | ImageSource,
  options: PredictOptions,
  onProgress: (progress: PredictProgress) => void,
): Promise<Predictions> {
  const { top = 5, ...rest } = checkOptions(options, PREDICT_OPTIONS);
  const settings = settle(rest);
  const opened = await asModel(model);
  const evaluation = prepareImages(opened, withLabels(images), settings);
  rehearseWords(device, evaluation);
  const { ann, dataset } = evaluation;
  const converted = await convertPrepared(lastingDevice, evaluation);
  const trained = await annLogits(lastingDevice, evaluation);
  const names = classNames(ann, opened.sidecar, dataset);
  const classifying = { ...evaluation, network: converted.network, trained: trained.logits, names, top };
  const { refusedBatch, ...found } = await classify(lastingDevice, classifying, onProgress);
  return { ...found, ...preparedFigures(evaluation, converted, [trained.refusedBatch, refusedBatch]) };
}

/** What a saved network is run with, and what is said of each image. */
export type PredictSavedOptions = Omit<SavedOptions, 'limit' | 'offset'> & Pick<PredictOptions, 'top'>;

/** Classifies images by a saved network: the same without a trained one. @throws OptionError, DeviceError */
export async function predictSaved(
  device: Device,
  saved: SavedNetwork,
  given: DataSet | ImageSource,
  { top = 5, ...options }: PredictSavedOptions = {},
  onProgress: (progress: PredictProgress) => void = () => {},
): Promise<Predictions> {
  const inputs = prepareSaved(saved, withLabels(given), options);
  const names = saved.about.classes ?? classNames(asClassifier(saved.network), null, inputs.dataset);
  const { refusedBatch, ...found } = await lasting(device, (one) =>
    classify(one, { ...inputs, trained: null, names, top }, onProgress),
  );
  const { notes, ...figures } = inputs.figures;
  return { ...found, ...figures, notes: [...notes, ...memoryNotes([refusedBatch])] };
}

/** What images are classified with. */
interface Classifying extends Pick<SavedInputs, 'network' | 'images' | 'waves' | 'choices' | 'batch'> {
  /** Logits of each image. */
  readonly trained: readonly Float32Array[] | null;
  readonly names: readonly string[] | null;
  readonly top: number;
}

/** What was found, and images at once for which the device had no memory; null where it had. */
type Classified = Omit<Predictions, keyof SavedInputFigures> & { readonly refusedBatch: number | null };

/** Runs the spiking network and says of each image what it is. */
function classify(
  lastingDevice: LastingDevice,
  { network, images: source, waves, choices, batch, trained, names, top }: Classifying,
  onProgress: (progress: PredictProgress) => void,
): Promise<Classified> {
  const found: Prediction[] = [];
  return lastingDevice.withSession(
    (device) => Session.create(device, network, { batch, imageCount: source.count, waves, choices }),
    async (session) => {
      const about = { session, names, top };
      await session.run(sliceSource(source, found.length, source.count - found.length), (some) => {
        const first = found.length;
        for (let n = 0; n < some.images; n++) found.push(predictionOf(some, n, trained?.[first + n] ?? null, about));
        lastingDevice.progressed();
        onProgress({ stage: 'predict', done: found.length, images: source.count });
      });
      return {
        model: network.name,
        phaseBits: phaseBitsOf(network),
        waves: session.plan.waves,
        wordSteps: session.words.map((point) => session.points.steps[point]),
        images: found,
        refusedBatch: session.refusedBatch,
      };
    },
  );
}

/** Images whose labels play no part, as a data set. */
function withLabels(images: DataSet | ImageSource): DataSet {
  return asDataSet('evaluation' in images ? images : sourceLike(images, { labels: new Uint8Array(images.count) }));
}

/** The trained network's logits of each image, and images at once for which the device had no memory; null where it had. */
function annLogits(
  lastingDevice: LastingDevice,
  { ann, images, ...evaluation }: Evaluation,
): Promise<{ readonly logits: readonly Float32Array[]; readonly refusedBatch: number | null }> {
  const classes = logitsOf(ann);
  const options = { ...optionsOf(ANN_SESSION_OPTIONS, evaluation), imageCount: images.count };
  const found: Float32Array[] = [];
  return lastingDevice.withSession(
    (device) => AnnSession.create(device, ann, options),
    async (session) => {
      await session.run(sliceSource(images, found.length, images.count - found.length), ({ images: some, logits }) => {
        for (let n = 0; n < some; n++) found.push(logits.slice(n * classes, (n + 1) * classes));
        lastingDevice.progressed();
      });
      return { logits: found, refusedBatch: session.refusedBatch };
    },
  );
}

/** What predictions are made with. */
interface About {
  readonly session: Session;
  readonly names: readonly string[] | null;
  readonly top: number;
}

/** What image n of a batch is. */
function predictionOf(batch: Batch, n: number, trained: Float32Array | null, { session, names, top }: About): Prediction {
  const { units, points } = session;
  const classes = units.length;
  const own = <T extends { subarray(from: number, to: number): T }>(values: T): T =>
    values.subarray(n * classes, (n + 1) * classes);
  const best = points.steps.map((_, p) => {
    const { values } = readingsAt(batch, p, units);
    return bestClass(own(values as Int32Array), units);
  });
  const last = best[best.length - 1];
  let stable = best.length - 1;
  while (stable > 0 && best[stable - 1] === last) stable--;
  const words = session.words.map((point) => perClass(own(logitsAt(batch, point, session))));
  const shares = words.map(softmax);
  const annLogits = trained && perClass(trained);
  const annShares = annLogits && softmax(annLogits);
  const name = (c: number): string | null => names?.[c] ?? null;
  const final = words[words.length - 1];
  const order = Array.from(final.keys()).sort((a, b) => final[b] - final[a] || a - b);
  return {
    class: last,
    name: name(last),
    finalAt: points.steps[stable],
    annClass: trained && bestClass(trained),
    top: order.slice(0, top).map((c) => ({
      class: c,
      name: name(c),
      logits: words.map((values) => values[c]),
      shares: shares.map((values) => values[c]),
      annLogit: annLogits?.[c] ?? null,
      annShare: annShares?.[c] ?? null,
    })),
  };
}
