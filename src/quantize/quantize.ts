import { type Ann, type AnnLayer, type AnnPool, INPUT, sourceShape } from '../ann/ann.ts';
import { perChannel } from '../ann/pixels.ts';
import { ConversionError, OptionError } from '../errors.ts';
import type { SpikingInput, SpikingLayer, SpikingNetwork, SpikingPool } from '../network/network.ts';
import { inputRemainder, quantizeLayer, round, type SourceUnits } from './grid.ts';
import { depths, synchronousNeurons } from './joins.ts';

/** How to put a network on the integer grid. */
export interface QuantizeOptions {
  /** K: 1 to 8. */
  readonly phaseBits: number;
  readonly initial: 'half' | 'zero';
  /** λ of each layer: one number a layer of `Ann.layers`, used for neurons and readout. */
  readonly scales: readonly number[];
  /** Mean and standard deviation of pixels / 255 that the network was trained with; one a channel, or one for all. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * `Ann` + scales → `SpikingNetwork` (specification, sections 2, 3, 5, 7). Pure: the same numbers in give the same integers out.
 * @throws ConversionError by layer for what the rules do not cover, OptionError for options out of range
 */
export function quantize(ann: Ann, options: QuantizeOptions): SpikingNetwork {
  const { phaseBits, initial, scales } = options;
  if (!Number.isInteger(phaseBits) || phaseBits < 1 || phaseBits > 8) {
    throw new OptionError(
      'phase-bits',
      'phaseBits',
      `${phaseBits} is not an integer from 1 to 8`,
      'choose K from 1 to 8; 4 is a good start',
    );
  }
  const input = spikingInput(ann, options);
  const remainders = input.mean.map((m, c) => (255 * m - input.zeroPoint[c]) / (255 * input.std[c]));
  const depth = depths(ann);
  const sent: SourceUnits[] = [];
  const unitsOf = (source: number): SourceUnits =>
    source === INPUT ? { shape: ann.input, unit: (c) => 1 / (255 * input.std[c]), max: 255 } : sent[source];

  const layers = ann.layers.map((layer, l): SpikingLayer => {
    if (layer.kind === 'pool') {
      const pool = spikingPool(layer, depth[l], unitsOf(layer.source));
      const places = layer.window.kernel[0] * layer.window.kernel[1];
      const { unit } = unitsOf(layer.source);
      sent.push({
        shape: layer.shape,
        unit: layer.mode === 'max' ? unit : (c) => unit(c) / places,
        max: pool.maxWord,
        pooledSum: pool.mode === 'sum',
      });
      return pool;
    }
    const outputUnit = scales[l] / 2 ** phaseBits;
    if (!(outputUnit > 0 && Number.isFinite(outputUnit))) {
      throw new ConversionError(
        'bad-scale',
        `layer "${layer.name}"`,
        `scale λ = ${scales[l]} is not a positive number`,
        'calibrate on other images',
      );
    }
    sent.push({ shape: layer.shape, unit: () => outputUnit, max: 2 ** phaseBits - 1 });
    const bias = Float64Array.from(layer.bias, (b, o) =>
      layer.terms.reduce(
        (sum, term) => sum + inputRemainder(term, sourceShape(ann, term.source), remainders, o, layer.bias.length),
        b,
      ),
    );
    const sources = layer.terms.map((term) => unitsOf(term.source));
    const grid = quantizeLayer(layer.name, layer.terms, sources, bias, outputUnit);
    const terms = layer.terms.map((term, i) => ({
      source: term.source,
      delay: synchronousNeurons(depth, l, term.source),
      operator: grid.operators[i],
    }));
    const common = {
      name: layer.name,
      shape: layer.shape,
      depth: depth[l],
      scale: scales[l],
      gridBits: grid.gridBits,
      bias: grid.bias,
      terms,
    };
    return layer.kind === 'neurons' ? { kind: 'neurons', ...common } : { kind: 'readout', ...common };
  });
  refuseReadoutElsewhere(ann.layers);
  return { name: ann.name, phaseBits, initial, input, layers };
}

function spikingInput(ann: Ann, options: QuantizeOptions): SpikingInput {
  const mean = perChannel(options.mean, ann.input.channels, 'mean');
  const std = perChannel(options.std, ann.input.channels, 'std');
  if (!mean.every((m) => m >= 0 && m <= 1)) {
    throw new OptionError('mean', 'mean', `[${mean}] is not within 0…1`, 'mean is of pixels / 255');
  }
  if (!std.every((s) => s > 0 && Number.isFinite(s))) {
    throw new OptionError('std', 'std', `[${std}] is not positive`, 'std is of pixels / 255');
  }
  return { shape: ann.input, zeroPoint: Int32Array.from(mean, (m) => round(255 * m)), mean, std };
}

/** Max pool: the maximum of words. Average pool: a sum of words, 1/n folded into the weights that read it (section 7). */
function spikingPool(pool: AnnPool, depth: number, source: SourceUnits): SpikingPool {
  const refuse = (what: string, remedy: string): never => {
    throw new ConversionError('pool', `layer "${pool.name}"`, what, remedy);
  };
  if (pool.source === INPUT)
    refuse('a pool directly on the pixels has no spikes to pool', 'pool the images before, or start with a convolution');
  if (source.pooledSum) refuse('a pool over an average pool is not exact in one step', 'merge the two pools');
  const padded = pool.window.pads.some((p) => p > 0);
  if (pool.mode === 'average' && padded && !pool.countIncludePad) {
    refuse(
      'an average that leaves padding out has another divisor at each border',
      'export with count_include_pad = 1, or without padding',
    );
  }
  const places = pool.window.kernel[0] * pool.window.kernel[1];
  const maxWord = pool.mode === 'max' ? source.max : source.max * places;
  if (maxWord >= 2 ** 24) refuse(`sums of up to ${maxWord} words are not exact`, 'pool in two steps');
  return {
    kind: 'pool',
    name: pool.name,
    shape: pool.shape,
    depth,
    source: pool.source,
    mode: pool.mode === 'max' ? 'max' : 'sum',
    window: pool.window,
    maxWord,
  };
}

/** The engine's rule, checked here once: the last layer and no other is the readout. */
function refuseReadoutElsewhere(layers: readonly AnnLayer[]): void {
  const at = layers.findIndex((layer) => layer.kind === 'readout');
  if (at !== layers.length - 1) {
    throw new ConversionError(
      'readout',
      `layer "${layers[at]?.name ?? ''}"`,
      'the last layer must be the only readout',
      'import the model with importOnnx',
    );
  }
}
