import type { Ann, AnnNeurons, AnnTerm } from '../ann/ann.ts';
import { perChannel as valuesByChannel } from '../ann/pixels.ts';
import type { LayerStatistics } from '../ann/statistics.ts';
import type { Scale } from '../network/units.ts';
import type { Calibration } from '../run/calibration-session.ts';
import { type ScaleOptions, scaleOf } from './scale.ts';

/** How the scales of a network are chosen. */
export interface ScalesOptions extends Omit<ScaleOptions, 'phaseBits'> {
  /** K of each layer. */
  readonly phaseBits: readonly number[];
  /** One λ a channel, where channels were measured. */
  readonly perChannel: boolean;
  /** Of pixels / 255, a channel or one for all. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** The scales of a network. */
export interface Scales {
  /** λ of each layer, a number or one a channel; 0 for pools. */
  readonly scales: readonly Scale[];
  /** Indices of layers that no image made fire. */
  readonly silent: readonly number[];
}

/**
 * A channel's λ is at least its sum's bound by this: below, its channel would have fired so little that its weights, in units of λ,
 * were too large for the grid. Sums of trained networks reach a hundredth or a thousandth of their bounds.
 */
const LEAST_SHARE = 2 ** -12;

/**
 * λ of every layer (specification, section 4). A layer that was silent takes it from the bound on its sum, so that rounding cannot make
 * it fire; a channel that was silent in a layer that was not has the layer's. A quantised layer whose steps a word holds takes it from
 * the graph: its largest word is its largest value.
 * @throws ConversionError for "bound" on a layer without a clip, OptionError for a percentile out of range
 */
export function chooseScales(
  ann: Ann,
  calibration: Pick<Calibration, 'statistics' | 'largestLogit'>,
  options: ScalesOptions,
): Scales {
  const { phaseBits, perChannel, ...how } = options;
  const { statistics, largestLogit } = calibration;
  const silent: number[] = [];
  /** The greatest values that sources send, by channel: the input's first. */
  const greatest: Float64Array[] = [greatestPixels(ann, options)];
  const scales = ann.layers.map((layer, l): Scale => {
    if (layer.kind === 'readout') return largestLogit === 0 ? 1 : largestLogit;
    if (layer.kind === 'pool') {
      greatest.push(greatest[layer.source + 1]);
      return 0;
    }
    const constant = constantOf(layer);
    if (constant > 0) {
      greatest.push(new Float64Array(layer.shape.channels).fill(constant));
      return 2 * constant;
    }
    if (layer.bits !== undefined && phaseBits[l] >= layer.bits) {
      greatest.push(new Float64Array(layer.shape.channels).fill(layer.ceiling));
      return (layer.ceiling * 2 ** phaseBits[l]) / (2 ** phaseBits[l] - 1);
    }
    const measured = statistics[l] as LayerStatistics;
    const settings = { ...how, phaseBits: phaseBits[l] };
    const bounds = () => sumBounds(layer, (source) => greatest[source + 1]);
    const found = scaleOf(layer.name, measured, layer.ceiling, settings);
    if (found === 0) silent.push(l);
    const whole = found || Math.min(Math.max(...bounds()) || 1, layer.ceiling);
    const scale = perChannel ? channelScales(layer, measured, whole, bounds(), settings) : whole;
    greatest.push(typeof scale === 'number' ? new Float64Array(layer.shape.channels).fill(scale) : scale);
    return scale;
  });
  return { scales, silent };
}

/**
 * What a layer sends whatever the image is (a source of ones), 0 where there is no such number. With twice that as λ it is half a word,
 * which every K holds exactly.
 */
function constantOf({ terms, bias, ceiling }: AnnNeurons): number {
  const same = bias.every((b) => b === bias[0]) && terms.every(({ operator }) => operator.weights.every((w) => w === 0));
  return same ? Math.min(Math.max(bias[0], 0), ceiling) : 0;
}

/** λ of each channel of a layer. @param whole the layer's */
function channelScales(
  { name, ceiling }: AnnNeurons,
  { channels }: LayerStatistics,
  whole: number,
  bounds: Float64Array,
  options: ScaleOptions,
): Float64Array {
  if (!channels) throw new Error(`layer "${name}" was calibrated without its channels: countChannels`);
  return Float64Array.from(channels, (channel, o) => {
    const found = channel.largest === 0 ? 0 : scaleOf(name, channel, ceiling, options);
    return found === 0 ? whole : Math.min(Math.max(found, bounds[o] * LEAST_SHARE), ceiling);
  });
}

/** Magnitudes of normalised pixels, at most, a channel. */
function greatestPixels({ input }: Ann, { mean, std }: Pick<ScalesOptions, 'mean' | 'std'>): Float64Array {
  const means = valuesByChannel(mean, input.channels, 'mean');
  const deviations = valuesByChannel(std, input.channels, 'std');
  return Float64Array.from(means, (m, c) => Math.max(m, 1 - m) / deviations[c]);
}

/** What the magnitude of each channel's sum cannot exceed: Σ |w| · (the greatest value of the source) + |b|. */
function sumBounds({ terms, bias, shape }: AnnNeurons, greatestOf: (source: number) => Float64Array): Float64Array {
  return Float64Array.from(bias, (b, o) =>
    terms.reduce((sum, term) => sum + termBound(term, greatestOf(term.source), o, shape.channels), Math.abs(b)),
  );
}

function termBound({ operator }: AnnTerm, greatest: Float64Array, o: number, channels: number): number {
  if (operator.type === 'identity') return Math.abs(operator.weights[o]) * greatest[o];
  const inputs = greatest.length / operator.groups;
  const area = operator.window.kernel[0] * operator.window.kernel[1];
  const first = Math.floor(o / (channels / operator.groups)) * inputs;
  let sum = 0;
  for (let i = 0; i < inputs; i++) {
    for (let k = 0; k < area; k++) sum += Math.abs(operator.weights[(o * inputs + i) * area + k]) * greatest[first + i];
  }
  return sum;
}
