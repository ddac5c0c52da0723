import type { Ann } from '../ann/ann.ts';
import type { LayerStatistics } from '../ann/statistics.ts';
import type { Device } from '../gpu/device.ts';
import type { SpikingNetwork } from '../network/network.ts';
import { depths } from '../quantize/joins.ts';
import { phasesByDepth } from '../quantize/phases.ts';
import { quantize } from '../quantize/quantize.ts';
import { AnnSession, type Calibration } from '../run/ann-session.ts';
import { asSource, type ImageSource } from '../run/source.ts';
import { layerScale, type ScaleMethod } from './scale.ts';

/** How to convert a network. */
export interface ConvertOptions {
  /** K, 1 to 8 (default 4); a list by depth, from the input's window on, where it differs (specification, section 6). */
  readonly phaseBits?: number | readonly number[];
  /** How λ of a layer is chosen (default "percentile"). */
  readonly scale?: ScaleMethod;
  /** λ of a layer: this percentile of its post-ReLU values (default 99.9). */
  readonly percentile?: number;
  /** V(0): "half" rounds words to nearest (default), "zero" rounds down. */
  readonly initial?: 'half' | 'zero';
  /** Mean and standard deviation of pixels / 255 in training, a channel or one for all (default 0 and 1). */
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  /** Images at once during calibration, at most (default 64). */
  readonly batch?: number;
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
  const { phaseBits = 4, mean = [0], std = [1], batch = 64 } = options;
  // what is wrong with K is said before the work
  phasesByDepth(ann, depths(ann), phaseBits);
  const session = await AnnSession.create(device, ann, { mean, std, batch });
  try {
    return convertCalibrated(ann, await session.calibrate(asSource(calibrationImages, ann.input)), options);
  } finally {
    session.dispose();
  }
}

/** The second half of `convert`, for who has calibrated already. Pure. */
export function convertCalibrated(
  ann: Ann,
  { statistics, largestLogit }: Omit<Calibration, 'images'>,
  options: ConvertOptions = {},
): SpikingNetwork {
  const { phaseBits = 4, scale = 'percentile', percentile = 99.9, initial = 'half', mean = [0], std = [1] } = options;
  const depth = depths(ann);
  const phases = phasesByDepth(ann, depth, phaseBits);
  const scales = ann.layers.map((layer, l) => {
    if (layer.kind === 'pool') return 0;
    if (layer.kind === 'readout') return largestLogit || 1;
    const settings = { method: scale, percentile, phaseBits: phases[depth[l]] };
    return layerScale(layer.name, statistics[l] as LayerStatistics, layer.ceiling, settings);
  });
  return quantize(ann, { phaseBits, initial, scales, mean, std });
}
