import type { Ann } from '../ann/ann.ts';
import type { Device } from '../gpu/device.ts';
import type { SpikingNetwork } from '../network/network.ts';
import type { Choices } from '../plan/choices.ts';
import { depths } from '../quantize/joins.ts';
import { phasesByDepth } from '../quantize/phases.ts';
import { quantize } from '../quantize/quantize.ts';
import { AnnSession, type Calibration } from '../run/ann-session.ts';
import { asSource, type ImageSource } from '../run/source.ts';
import { correctBiases } from './correct.ts';
import type { ScaleMethod } from './scale.ts';
import { chooseScales } from './scales.ts';

/** How to convert a network. */
export interface ConvertOptions {
  /** K, 1 to 8 (default 4); a list by depth, from the input's window on, where it differs (specification, section 6). */
  readonly phaseBits?: number | readonly number[];
  /** How λ of a layer is chosen (default "percentile"). */
  readonly scale?: ScaleMethod;
  /** λ of a layer: this percentile of its post-ReLU values (default 99.9). */
  readonly percentile?: number;
  /** A λ for each channel (default false: one for a layer). Calibration takes about twice as long. */
  readonly perChannel?: boolean;
  /**
   * Correct the biases on calibration images, so that the mean words are the mean activations (default false; specification, section
   * 4).
   */
  readonly correctBias?: boolean;
  /** V(0): "half" rounds words to nearest (default), "zero" rounds down. */
  readonly initial?: 'half' | 'zero';
  /** Mean and standard deviation of pixels / 255 in training, a channel or one for all (default 0 and 1). */
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  /** Images at once during calibration, at most (default 64). */
  readonly batch?: number;
  /** How layers are computed while biases are corrected; only time depends on it. */
  readonly choices?: Choices;
  /** Called with the names of layers that no image made fire, where there are some: their λ comes from a bound on their sum. */
  readonly onSilent?: (layers: readonly string[]) => void;
}

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
  const { phaseBits = 4, perChannel = false, mean = [0], std = [1], batch = 64 } = options;
  // what is wrong with K is said before the work
  phasesByDepth(ann, depths(ann), phaseBits);
  const source = asSource(calibrationImages, ann.input);
  const session = await AnnSession.create(device, ann, { mean, std, batch, countChannels: perChannel });
  let calibration: Calibration;
  try {
    calibration = await session.calibrate(source);
  } finally {
    session.dispose();
  }
  return convertCorrected(device, ann, calibration, source, options);
}

/** The second half of `convert`, for who has calibrated already. @param source of the images that it was calibrated on */
export async function convertCorrected(
  device: Device,
  ann: Ann,
  calibration: Calibration,
  source: ImageSource,
  options: ConvertOptions = {},
): Promise<SpikingNetwork> {
  const network = convertCalibrated(ann, calibration, options);
  const { correctBias = false, mean = [0], std = [1], batch, choices } = options;
  return correctBias ? correctBiases(device, ann, network, source, { mean, std, batch, choices }) : network;
}

/** A calibrated network on the integer grid, its biases not corrected. Pure, but for `onSilent`. */
export function convertCalibrated(
  ann: Ann,
  calibration: Omit<Calibration, 'images'>,
  options: ConvertOptions = {},
): SpikingNetwork {
  const { phaseBits = 4, scale: method = 'percentile', percentile = 99.9, perChannel = false } = options;
  const { initial = 'half', mean = [0], std = [1], onSilent } = options;
  const depth = depths(ann);
  const phases = phasesByDepth(ann, depth, phaseBits);
  const ofLayers = depth.map((d) => phases[d]);
  const { scales, silent } = chooseScales(ann, calibration, { method, percentile, perChannel, phaseBits: ofLayers, mean, std });
  if (silent.length > 0) onSilent?.(silent.map((l) => ann.layers[l].name));
  return quantize(ann, { phaseBits, initial, scales, mean, std });
}
