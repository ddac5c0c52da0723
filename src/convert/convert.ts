import { ANN, type Ann } from '../ann/ann.ts';
import {
  anyOf,
  BOOLEAN,
  BYTES,
  type Check,
  type Checks,
  checkArgument,
  checkOptions,
  FUNCTION,
  integer,
  listOf,
  number,
  oneOf,
} from '../checks.ts';
import { DEVICE, type Device } from '../gpu/device.ts';
import { withBias } from '../network/correction.ts';
import type { SpikingNetwork } from '../network/network.ts';
import type { BatchSize } from '../plan/batch.ts';
import { CHOICES, type Choices } from '../plan/choices.ts';
import { FIT_OPTIONS } from '../plan/fit.ts';
import { depths } from '../quantize/joins.ts';
import { phasesByDepth, phasesOfSteps } from '../quantize/phases.ts';
import { quantize } from '../quantize/quantize.ts';
import type { AnnBatch, OnBatch } from '../run/batch.ts';
import { type Calibration, CalibrationSession } from '../run/calibration-session.ts';
import { asSource, type ImageSource, SOURCE } from '../run/source.ts';
import { choosePhases, DEFAULT_LOSS, PHASE_TRIALS, type PhaseChoice } from './choose-phases.ts';
import { Corrector } from './correct.ts';
import { type Estimate, estimatedLoss } from './estimate.ts';
import { anew, type Once } from './once.ts';
import { PERCENTILE, SCALE_METHODS, type ScaleMethod, WAY } from './scale.ts';
import { chooseScales } from './scales.ts';
import { calibrateForTrials, tryNetwork } from './trials.ts';

/** How to convert a network. */
export interface ConvertOptions extends Omit<FixedConvertOptions, 'phaseBits'> {
  /** K as in `FixedConvertOptions`; or "auto": the bits of quantised activations, and elsewhere the smallest from 2 to 8 that loses no more than `loss` by the first word. */
  readonly phaseBits?: number | readonly number[] | 'auto';
  /** What the first word may lose where K is "auto", in percentage points of accuracy (default 0.5), as estimated without labels. */
  readonly loss?: number;
}

/** The same with K given. */
export interface FixedConvertOptions {
  /** K, 1 to 8 (default 4); a list by depth, from the input's window on, where it differs (specification, section 6). */
  readonly phaseBits?: number | readonly number[];
  /** How λ is chosen (default "mse"). */
  readonly scale?: ScaleMethod;
  /** Scale "percentile": this percentile of the post-ReLU values (default 99.9). */
  readonly percentile?: number;
  /** A λ for each channel (default), or false: one for a layer. Calibration of channels takes about twice as long. */
  readonly perChannel?: boolean;
  /** Correct the biases on calibration images, so that the mean words are the mean activations (default true; specification, section 4). */
  readonly correctBias?: boolean;
  /** V(0): "half" rounds words to nearest (default), "zero" rounds down. */
  readonly initial?: 'half' | 'zero';
  /** Mean and standard deviation of pixels / 255 in training, a channel or one for all (default 0 and 1). */
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  /** Images at once during calibration, at most, or "auto" (default): as many as fill the device. */
  readonly batch?: BatchSize;
  /** How layers are computed while biases are corrected; only time depends on it. */
  readonly choices?: Choices;
  /** Called with the names of layers that no image made fire, where there are some: their λ comes from a bound on their sum. */
  readonly onSilent?: (layers: readonly string[]) => void;
}

const K: Check = integer(1, 8);

/** How a network is converted, as `evaluate` takes it too. */
export const CONVERSION = {
  phaseBits: anyOf(K, oneOf('auto'), listOf(K)),
  loss: number('from 0 to 100', (points) => points >= 0 && points <= 100, 'it is in percentage points; 0.5 is a good start'),
  percentile: PERCENTILE,
  perChannel: BOOLEAN,
  correctBias: BOOLEAN,
  initial: oneOf('half', 'zero'),
  mean: listOf(number('a number from 0 to 1', (v) => v >= 0 && v <= 1, 'it is of pixels / 255')),
  std: listOf(number('a number above 0', (v) => v > 0, 'it is of pixels / 255')),
  batch: FIT_OPTIONS.batch,
  choices: CHOICES,
};

/** What each of `ConvertOptions` must be. */
export const CONVERT_OPTIONS: Checks<ConvertOptions> = { ...CONVERSION, scale: oneOf(...SCALE_METHODS), onSilent: FUNCTION };

/** Images that scales come from. */
const CALIBRATION_IMAGES: Check = anyOf(SOURCE, BYTES);

/**
 * Trained network → spiking network: calibrates the scales on the GPU, then puts the weights on the integer grid.
 * @param calibrationImages a source, or pixels 0…255, [image][channel][y][x]; 500 images are enough
 * @throws ConversionError by layer, OptionError, DeviceError
 */
export async function convert(
  device: Device,
  ann: Ann,
  calibrationImages: ImageSource | Uint8Array,
  options: ConvertOptions = {},
): Promise<SpikingNetwork> {
  checkArgument('device', device, DEVICE);
  checkArgument('ann', ann, ANN);
  checkArgument('calibrationImages', calibrationImages, CALIBRATION_IMAGES);
  const given = checkOptions(options, CONVERT_OPTIONS);
  const { phaseBits = 4, perChannel = WAY.perChannel, mean = [0], std = [1], batch = 'auto' } = given;
  // what is wrong with K is said before the work
  if (phaseBits !== 'auto') phasesByDepth(ann, depths(ann), phaseBits);
  const source = asSource(calibrationImages, ann.input);
  const session = await CalibrationSession.create(device, ann, source, { mean, std, batch, countChannels: perChannel });
  try {
    return (await calibrateAndConvert(session, given)).network;
  } finally {
    session.dispose();
  }
}

/** A converted network, and how its K came about where that was chosen. */
export interface Converted {
  readonly network: SpikingNetwork;
  readonly calibration: Calibration;
  readonly phaseChoice: PhaseChoice | null;
}

/** What a conversion reports while it runs. */
export interface ConvertReports {
  /** What the trained network gave for a batch of calibration images. */
  readonly onBatch?: OnBatch<AnnBatch>;
  /** Images that K has been tried on so far, of so many in all. */
  readonly onTried?: (done: number, images: number) => void;
  /** Layers whose biases are corrected, where K is given. */
  readonly onCorrected?: (done: number, layers: number) => void;
}

/**
 * The same in a session of the calibration images, made with the options' mean and std.
 * @param once makes what is expensive: calibration, what trials lose, biases
 */
export async function calibrateAndConvert(
  session: CalibrationSession,
  { phaseBits, loss = DEFAULT_LOSS, ...options }: ConvertOptions,
  { onBatch, onTried, onCorrected }: ConvertReports = {},
  once: Once = anew,
): Promise<Converted> {
  const { device, ann, source } = session;
  const ofSteps = phasesOfSteps(ann);
  const known = phaseBits !== 'auto' ? phaseBits : ofSteps.every((K) => K !== null) ? ofSteps : null;
  if (known !== null) {
    const calibration = await once('calibration', () => session.calibrate(onBatch));
    const convertAgain = conversionsOf(device, ann, calibration, source, options, once);
    const network = await convertAgain(known === undefined ? {} : { phaseBits: known }, onCorrected);
    return { network, calibration, phaseChoice: null };
  }
  const { calibration, tried } = await calibrateForTrials(session, onBatch, once);
  const convertAgain = conversionsOf(device, ann, calibration, source, options, once);
  const images = tried.source.count;
  let trials = 0;
  const attempt = async (K: number): Promise<{ readonly network: SpikingNetwork; readonly loss: Estimate }> => {
    const before = images * trials++;
    const onImages = (done: number) => onTried?.(before + done, images * PHASE_TRIALS);
    const network = await convertAgain({ phaseBits: ofSteps.map((own) => own ?? K) });
    const loss = await once(`loss of K = ${K}`, async () => {
      const [first] = await tryNetwork(device, network, tried, { ...options, waves: 1 }, onImages);
      return estimatedLoss(first.estimates);
    });
    return { network, loss };
  };
  const allowed = loss / 100;
  const { network, phaseBits: _, ...choice } = await choosePhases(attempt, allowed);
  return { network, calibration, phaseChoice: { images, allowed, ...choice } };
}

/** Converts a network that was calibrated; K and what else differs from the options that all conversions share are given each time. */
export type ConvertAgain = (
  changes: FixedConvertOptions,
  onLayer?: NonNullable<ConvertReports['onCorrected']>,
) => Promise<SpikingNetwork>;

/**
 * The second half of a conversion, for who has calibrated already and may convert more than once.
 * @param source of the images that it was calibrated on
 * @param once makes what biases are corrected by, and the biases
 */
export function conversionsOf(
  device: Device,
  ann: Ann,
  calibration: Calibration,
  source: ImageSource,
  shared: Omit<FixedConvertOptions, 'phaseBits'> = {},
  once: Once = anew,
): ConvertAgain {
  const { mean = [0], std = [1], batch } = shared;
  const corrector = new Corrector(device, ann, source, { mean, std, batch, grids: calibration.grids, once });
  return async (changes, onLayer) => {
    const options = { ...shared, ...changes };
    const network = convertCalibrated(ann, calibration, options);
    const { correctBias = WAY.correctBias, choices } = options;
    if (!correctBias) return network;
    const biases = await once(`biases of ${wayText(options)}`, async () =>
      biasesOf(await corrector.correct(network, { choices, onLayer })),
    );
    return biases.reduce((made, bias, l) => withBias(made, l, bias), network);
  };
}

/** What conversions of one calibration may differ in. */
const wayText = ({ scale = WAY.scale, percentile, perChannel = WAY.perChannel, phaseBits }: FixedConvertOptions): string =>
  JSON.stringify([scale, percentile, perChannel, phaseBits]);

/** Biases by layer; none of pools. */
const biasesOf = ({ layers }: SpikingNetwork): Int32Array[] =>
  layers.map((layer) => (layer.kind === 'pool' ? new Int32Array() : layer.bias));

/** A calibrated network on the integer grid, its biases not corrected. Pure, but for `onSilent`. */
export function convertCalibrated(
  ann: Ann,
  calibration: Pick<Calibration, 'statistics' | 'largestLogit'>,
  options: FixedConvertOptions = {},
): SpikingNetwork {
  const { scale: method = WAY.scale, percentile = WAY.percentile, perChannel = WAY.perChannel } = options;
  const { phaseBits = 4, initial = 'half', mean = [0], std = [1], onSilent } = options;
  const depth = depths(ann);
  const phases = phasesByDepth(ann, depth, phaseBits);
  const ofLayers = depth.map((d) => phases[d]);
  const { scales, silent } = chooseScales(ann, calibration, { method, percentile, perChannel, phaseBits: ofLayers, mean, std });
  if (silent.length > 0) onSilent?.(silent.map((l) => ann.layers[l].name));
  return quantize(ann, { phaseBits, initial, scales, mean, std });
}
