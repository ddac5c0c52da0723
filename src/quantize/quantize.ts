import { type Ann, type AnnLayer, type AnnNeurons, type AnnPool, type AnnReadout, type AnnTerm, INPUT } from '../ann/ann.ts';
import { normalizationOf } from '../ann/pixels.ts';
import { ConversionError, OptionError } from '../errors.ts';
import { check } from '../network/check.ts';
import type { SpikingInput, SpikingLayer, SpikingNetwork, SpikingPool } from '../network/network.ts';
import type { Neuron } from '../network/neuron.ts';
import { timetableOf } from '../network/timetable.ts';
import { inputUnits, neuronUnits, poolUnits, readoutUnit, type Scale, type Units, unitsOf } from '../network/units.ts';
import { refineTerms } from './fine.ts';
import { emptyGrid, foldedBias, type LayerGrid, type Output, quantizeLayer } from './grid.ts';
import { depths, synchronousNeurons } from './joins.ts';
import { phasesByDepth, wordsAreSteps } from './phases.ts';

/** How to put a network on the integer grid. */
export interface QuantizeOptions {
  /** K, 1 to 8: of all layers, or by depth from the input's window on (K_0 … K_{D−1}, D the readout's depth). */
  readonly phaseBits: number | readonly number[];
  readonly initial: 'half' | 'zero';
  /** The neuron that the network is meant for (default bistable). */
  readonly neuron?: Neuron;
  /** λ of each layer of `Ann.layers`, of neurons also one a channel; of pools it is not looked at. */
  readonly scales: readonly Scale[];
  /** Mean and standard deviation of pixels / 255 that make the file's input of them; one a channel, or one for all. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * `Ann` + scales → `SpikingNetwork` (specification, sections 2, 3, 5, 7). Pure: the same numbers in give the same integers out.
 * @throws ConversionError by layer for what the rules do not cover, OptionError for options out of range
 */
export function quantize(ann: Ann, options: QuantizeOptions): SpikingNetwork {
  const network = assemble(ann, options, ({ name, bias, terms, sourcesOf, isFine, output }) => {
    const own = isFine ? refineTerms(terms, sourcesOf(terms), bias.length, output) : terms;
    return { own, grid: quantizeLayer(name, own, sourcesOf(own), bias, output) };
  });
  check(network);
  return network;
}

/**
 * A network of the form that `quantize` gives, before its scales are known: all its weights are 0, so that it is made in no time. It takes no more
 * memory than that one, and no sum of it is larger; so what can not be planned for it can not be for that one.
 * @throws as `quantize`, where the form is at fault
 */
export const formOf = (ann: Ann, options: Omit<QuantizeOptions, 'scales'>): SpikingNetwork =>
  assemble(ann, { ...options, scales: ann.layers.map(() => 1) }, ({ terms, bias }) => ({
    own: terms,
    grid: emptyGrid(terms, bias.length),
  }));

/** A layer that is to be put on the grid. */
interface Weighted {
  readonly name: string;
  readonly terms: readonly AnnTerm[];
  readonly bias: Float64Array;
  readonly output: Output;
  /** Its words are a quantised activation's own steps, or it reads such. */
  readonly isFine: boolean;
  readonly sourcesOf: (terms: readonly AnnTerm[]) => Units[];
}

/** All of a network but the integers of its layers, which come from `gridOf` with the terms that they are of. */
function assemble(
  ann: Ann,
  options: QuantizeOptions,
  gridOf: (layer: Weighted) => { readonly own: readonly AnnTerm[]; readonly grid: LayerGrid },
): SpikingNetwork {
  const { initial, neuron = { name: 'bistable' }, scales } = options;
  refuseReadoutElsewhere(ann.layers);
  const depth = depths(ann);
  const phases = phasesByDepth(ann, depth, options.phaseBits);
  const steps = ann.layers.map((layer, l) => wordsAreSteps(layer, phases[depth[l]]));
  const isFine = (l: number): boolean => steps[l] || (ann.layers[l].kind === 'readout' && steps.includes(true));
  const input = spikingInput(ann, options);
  const layers: SpikingLayer[] = [];
  for (const [l, layer] of ann.layers.entries()) {
    if (layer.kind === 'pool') {
      layers.push(spikingPool(layer, depth[l], { input, layers }));
      continue;
    }
    const scale = checkedScale(layer, scales[l]);
    // the readout sends nothing; its unit is counted in the words before it
    const K = phases[layer.kind === 'readout' ? depth[l] - 1 : depth[l]];
    const bias = foldedBias(layer, input);
    const units = neuronUnits(layer.shape, scale, K);
    const output = { unit: units.unit, phases: K };
    const sourcesOf = (terms: readonly AnnTerm[]) => terms.map(({ source }) => unitsOf({ input, layers }, source));
    const { own, grid } = gridOf({ name: layer.name, terms: layer.terms, bias, output, isFine: isFine(l), sourcesOf });
    const terms = own.map((term, i) => ({
      source: term.source,
      delay: synchronousNeurons(depth, l, term.source),
      ...grid.terms[i],
    }));
    const { name, shape } = layer;
    const common = { name, shape, depth: depth[l], gridBits: grid.gridBits, bias: grid.bias, terms };
    layers.push(
      layer.kind === 'neurons'
        ? { kind: 'neurons', ...common, units }
        : { kind: 'readout', ...common, units: readoutUnit(shape, scale as number, K, grid.gridBits) },
    );
  }
  const timetable = timetableOf(layers, phases);
  const { name } = ann;
  return { version: 1, name, initial, input, neuron, timetable, layers };
}

/** A positive number, or for neurons one for each channel. */
function checkedScale({ kind, name, shape }: AnnNeurons | AnnReadout, scale: Scale): Scale {
  const refuse = (what: string, remedy: string): never => {
    throw new ConversionError('bad-scale', `layer "${name}"`, what, remedy);
  };
  const single = typeof scale !== 'object';
  const all = single ? [scale] : Array.from(scale);
  if (!single && (kind === 'readout' || all.length !== shape.channels)) {
    refuse(`${all.length} scales λ for ${shape.channels} channels`, 'give one number, or for neurons one for each channel');
  }
  const wrong = all.findIndex((one) => !(one > 0 && Number.isFinite(one)));
  if (wrong >= 0) {
    const of = single ? '' : ` of channel ${wrong}`;
    refuse(`scale λ = ${all[wrong]}${of} is not a positive number`, 'calibrate on other images');
  }
  return scale;
}

function spikingInput(ann: Ann, options: QuantizeOptions): SpikingInput {
  const { mean, std } = normalizationOf(ann, options);
  if (!mean.every((m) => m >= 0 && m <= 1)) {
    throw new OptionError('mean', 'mean', `[${mean}] is not within 0…1`, 'mean is of pixels / 255');
  }
  if (!std.every((s) => s > 0 && Number.isFinite(s))) {
    throw new OptionError('std', 'std', `[${std}] is not positive`, 'std is of pixels / 255');
  }
  const { channels, height, width } = ann.input;
  return { shape: ann.input, units: inputUnits({ channels, height, width }, mean, std), mean, std };
}

/** Max pool: the maximum of words. Average pool: a sum of words, 1/n folded into the weights that read it (section 7). */
function spikingPool(pool: AnnPool, depth: number, before: Pick<SpikingNetwork, 'input' | 'layers'>): SpikingPool {
  const refuse = (what: string, remedy: string): never => {
    throw new ConversionError('pool', `layer "${pool.name}"`, what, remedy);
  };
  if (pool.source === INPUT)
    refuse('a pool directly on the pixels has no spikes to pool', 'pool the images before, or start with a convolution');
  const source = before.layers[pool.source];
  if (source.kind === 'pool' && source.mode === 'sum')
    refuse('a pool over an average pool is not exact in one step', 'merge the two pools');
  const padded = pool.window.pads.some((p) => p > 0);
  if (pool.mode === 'average' && padded && !pool.countIncludePad) {
    refuse(
      'an average that leaves padding out has another divisor at each border',
      'export with count_include_pad = 1, or without padding',
    );
  }
  const places = pool.window.kernel[0] * pool.window.kernel[1];
  const mode = pool.mode === 'max' ? 'max' : 'sum';
  const units = poolUnits(pool.shape, source.units, mode, places);
  if (units.most >= 2 ** 24) refuse(`sums of up to ${units.most} words are not exact`, 'pool in two steps');
  return {
    kind: 'pool',
    name: pool.name,
    shape: pool.shape,
    depth,
    source: pool.source,
    mode,
    window: pool.window,
    units,
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
