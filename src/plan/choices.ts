import { sourceShape } from '../ann/ann.ts';
import { BOOLEAN, type Check, integer, object, oneOf } from '../checks.ts';
import { isDepthwise, suitsHalves } from '../kernels/depthwise.ts';

import { fitsFloats, fitsSigned, largestByte, suited } from '../kernels/exact.ts';
import type { SpikingNetwork, SpikingNeurons } from '../network/network.ts';
import { batchClass } from './batch.ts';
import type { PlanLimits } from './fit.ts';
import { hasUniform, UNIFORM_BYTES } from './tables.ts';

/**
 * How one layer is computed; all give the same bits.
 * - `registers` (`shaders/accumulate.wgsl`): an invocation has 8 channels × 8 columns in registers and reads words itself;
 * - `8x4`, `4x4` (`shaders/accumulate-small.wgsl`): the same with fewer channels and columns, for cards with fewer registers;
 * - `tiled` (`shaders/accumulate-tiled.wgsl`): a workgroup shares words and weights for 64 channels × 64 columns;
 * - `matrix` (`shaders/accumulate-matrix.wgsl`): as `tiled`, multiplied by matrix units;
 * - `depthwise` (`shaders/depthwise.wgsl`): for layers whose neurons read one channel each; integers, or `halves`.
 */
export interface Choice {
  readonly form: (typeof VALUES.form)[number];
  /**
   * Packed 8-bit dot products; integers with two sums in the halves of a u32, or of single bytes; or f32.
   * Matrix units have their own.
   */
  readonly arithmetic: (typeof VALUES.arithmetic)[number];
  /** Weights through the constant path where they fit, or always from storage. */
  readonly weights: (typeof VALUES.weights)[number];
}

/** What each part of a choice may be. */
export const VALUES = {
  form: ['registers', '8x4', '4x4', 'tiled', 'matrix', 'depthwise'],
  arithmetic: ['packed', 'halves', 'integers', 'f32'],
  weights: ['uniform', 'storage'],
} as const;

/** Whether something read from a file is a choice: the three parts, each with a value that there is, and nothing else. */
export function isChoice(value: unknown): value is Choice {
  if (typeof value !== 'object' || value === null) return false;
  const entries = Object.entries(value);
  const isPart = ([name, part]: [string, unknown]) =>
    Object.hasOwn(VALUES, name) && (VALUES[name as keyof typeof VALUES] as readonly unknown[]).includes(part);
  return entries.length === Object.keys(VALUES).length && entries.every(isPart);
}

/** Choices by shape (`shapeKey`), as tuning found them. */
export type Choices = { readonly [shape: string]: Choice };

/** Choices that a caller hands in. */
export const CHOICES: Check = object('choices by shape, as tune() or readTuning() gives them', (shapes) =>
  Object.values(shapes).every(isChoice),
);

/** What of a device the choice depends on. */
export interface Capabilities {
  /** It computes on the CPU. */
  readonly software: boolean;
  /** WGSL has packed 8-bit dot products. */
  readonly packedDot: boolean;
  /** Hardware computes them in one instruction; elsewhere they are taken apart. */
  readonly fastDot: boolean;
  /** What its matrix units multiply: bytes, or floats with f32 sums; null without. */
  readonly matrix: 'u8' | 'f16' | 'f32' | null;
  /** Registers of 32 bits that an invocation may have. */
  readonly registers: number;
}

/** Capabilities that a caller hands in. */
export const CAPABILITIES: Check = object(
  'what a device can do, as its capabilities say',
  ({ software, packedDot, fastDot, matrix, registers }) =>
    [software, packedDot, fastDot].every(BOOLEAN.accepts) &&
    (matrix === null || oneOf('u8', 'f16', 'f32').accepts(matrix)) &&
    integer(1).accepts(registers),
);

/** A layer's shape and the class of a batch, as far as its speed depends on them: what tuning measures once and keeps. */
export function shapeKey(network: SpikingNetwork, layer: SpikingNeurons, batch: number): string {
  const terms = layer.terms.map(({ source, operator }) => {
    const from = sourceShape(network, source);
    if (operator.type === 'identity') return 'identity';
    const { kernel, stride, dilation } = operator.window;
    const groups = operator.groups > 1 ? ` groups ${operator.groups}` : '';
    const dilated = dilation[0] * dilation[1] > 1 ? ` dilation ${dilation.join('x')}` : '';
    return `${kernel.join('x')}/${stride.join('x')} ${from.channels}x${from.height}x${from.width}${groups}${dilated}`;
  });
  const { channels, height, width } = layer.shape;
  return `${terms.join(' + ')} -> ${channels}x${height}x${width}, batch ${batchClass(batch)}`;
}

const isGrouped = ({ terms }: SpikingNeurons): boolean =>
  terms.some(({ operator }) => operator.type !== 'identity' && operator.groups > 1);

/**
 * The forms whose invocations read words themselves, the largest tile first, and registers that one takes: membranes, sums, a row's words and
 * weights, and some for addresses. A larger tile reads less for every multiplication; one that does not fit lives in memory, and loses more.
 * Software drivers have a few registers and the first level's cache behind them, which 8 × 8 suits best.
 */
const REGISTER_TILES = [
  { form: 'registers', registers: 8 * 8 * 2 + 10 + 24 + 16 },
  { form: '8x4', registers: 8 * 4 * 2 + 6 + 24 + 16 },
  { form: '4x4', registers: 4 * 4 * 2 + 6 + 12 + 14 },
] as const;
type RegisterForm = (typeof REGISTER_TILES)[number]['form'];

const isOfRegisters = (form: Choice['form']): form is RegisterForm => REGISTER_TILES.some((tile) => tile.form === form);

/** The largest tile that an invocation holds; the smallest where it holds none. */
const fittingTile = ({ software, registers }: Capabilities): RegisterForm =>
  REGISTER_TILES.find((tile) => software || tile.registers <= registers)?.form ?? '4x4';

/** Channels below which a tile of 64 channels is mostly empty. */
const TILE_CHANNELS = 32;

/** Whether the forms that share words in a workgroup can compute a layer: ungrouped, and channels enough to fill a tile. */
const fillsTiles = (layer: SpikingNeurons): boolean => layer.shape.channels >= TILE_CHANNELS && !isGrouped(layer);

/**
 * Dot products where hardware has them. Software drivers take them apart, and two sums in one integer suit them better; on a card without
 * them f32 does, whose multiply-adds run at its full rate, where multiplications of 32-bit integers mostly do not.
 */
export const defaultArithmetic = ({ software, packedDot, fastDot }: Capabilities): Choice['arithmetic'] =>
  software ? 'halves' : packedDot && fastDot ? 'packed' : 'f32';

/**
 * The constant path, where one binding holds a layer's weights. Where it does not the layer is cut into as many dispatches as it takes bindings
 * (64 for 512 channels of 3×3): on a card each fills a part of it and waits for the one before; a software driver loses nothing by that, and half
 * its rate by storage.
 */
const defaultWeights = ({ software }: Capabilities, { terms }: SpikingNeurons): Choice['weights'] =>
  software || terms.reduce((sum, { operator }) => sum + operator.weights.length, 0) <= UNIFORM_BYTES ? 'uniform' : 'storage';

/** The ways to compute a depthwise layer: others multiply by seven zeros for every weight. Halves take more registers than many cards have. */
const ofDepthwise = ({ software }: Capabilities): Choice[] =>
  VALUES.weights.map((weights): Choice => ({ form: 'depthwise', arithmetic: software ? 'halves' : 'integers', weights }));

/** What a layer is computed with where nothing was measured: by the kind of device. Matrix units of f32 are no faster than its arithmetic. */
export function defaultChoice(capabilities: Capabilities, layer: SpikingNeurons): Choice {
  const { software, matrix } = capabilities;
  if (isDepthwise(layer)) return ofDepthwise(capabilities)[0];
  if (!software && matrix && matrix !== 'f32' && fillsTiles(layer))
    return { form: 'matrix', arithmetic: 'packed', weights: 'storage' };
  return {
    form: fittingTile(capabilities),
    arithmetic: defaultArithmetic(capabilities),
    weights: defaultWeights(capabilities, layer),
  };
}

/** The arithmetics of integers that are not packed. */
const OF_INTEGERS: ReadonlySet<string> = new Set(['halves', 'integers']);

/**
 * What a device may compute a layer with best: the candidates of tuning. Which arithmetic is fastest does not follow from a tile's size, so
 * that the small ones are measured with the default one alone. Software drivers have no workgroup memory of their own,
 * so that the tiled form is 10 to 20 times slower there, and weights from storage half as fast, but for integers: both are
 * left out, since each candidate is compiled for seconds.
 */
export function candidatesOf(capabilities: Capabilities, layer: SpikingNeurons): Choice[] {
  if (isDepthwise(layer)) return ofDepthwise(capabilities);
  const { software, packedDot, matrix } = capabilities;
  const arithmetics = VALUES.arithmetic.filter((one) => one !== 'packed' || packedDot);
  const registers = arithmetics.flatMap((arithmetic) =>
    VALUES.weights.map((weights): Choice => ({ form: 'registers', arithmetic, weights })),
  );
  if (software) return registers.filter(({ arithmetic, weights }) => OF_INTEGERS.has(arithmetic) || weights === 'uniform');
  const arithmetic = defaultArithmetic(capabilities);
  const small = (['8x4', '4x4'] as const).flatMap((form) =>
    VALUES.weights.map((weights): Choice => ({ form, arithmetic, weights })),
  );
  if (!fillsTiles(layer)) return [...registers, ...small];
  const tiled = arithmetics
    .filter((one) => one !== 'halves')
    .map((arithmetic): Choice => ({ form: 'tiled', arithmetic, weights: 'storage' }));
  return [
    ...registers,
    ...small,
    ...tiled,
    ...(matrix ? [{ form: 'matrix', arithmetic: 'packed', weights: 'storage' } as const] : []),
  ];
}

/** Whether two choices are the same. */
export const isSameChoice = (a: Choice, b: Choice): boolean =>
  a.form === b.form && a.arithmetic === b.arithmetic && a.weights === b.weights;

/**
 * What tuning found for a layer; undefined where it found nothing, or nothing that is a candidate here: choices may come from a
 * file, and of another device.
 */
export function tunedChoice(
  network: SpikingNetwork,
  layer: SpikingNeurons,
  choices: Choices,
  capabilities: Capabilities,
  batch: number,
): Choice | undefined {
  const found = choices[shapeKey(network, layer, batch)];
  return found && candidatesOf(capabilities, layer).find((candidate) => isSameChoice(candidate, found));
}

/** How many shapes of a network's layers have a choice by tuning that holds on a device at a batch. */
export function tunedShapes(network: SpikingNetwork, choices: Choices, capabilities: Capabilities, batch: number): number {
  const tuned = network.layers.flatMap((layer) =>
    layer.kind === 'neurons' && tunedChoice(network, layer, choices, capabilities, batch) ? [shapeKey(network, layer, batch)] : [],
  );
  return new Set(tuned).size;
}

/** Packed dot products on a GPU, and no more. */
const PLAIN: Capabilities = { software: false, packedDot: true, fastDot: true, matrix: null, registers: 255 };

/**
 * How a layer is computed: what is forced, else what tuning found for its shape, else by the kind of device. A
 * depthwise layer has a form of its own unless one of registers is asked for; other grouped convolutions stay in registers whatever is asked for:
 * a tile of 64 channels would read too many others. What holds less than 32
 * bits stays where it is exact.
 */
export function choose(
  network: SpikingNetwork,
  layer: SpikingNeurons,
  limits: PlanLimits,
  options: Partial<Choice> & { readonly capabilities?: Capabilities; readonly choices?: Choices; readonly batch: number },
): Choice {
  const { capabilities = PLAIN, choices = {} } = options;
  const found = tunedChoice(network, layer, choices, capabilities, options.batch) ?? defaultChoice(capabilities, layer);
  const { form = found.form, weights = found.weights } = options;
  if (found.form === 'depthwise' && !isOfRegisters(form)) {
    const isHalves = (options.arithmetic ?? found.arithmetic) === 'halves' && suitsHalves(network, layer);
    return { form: 'depthwise', arithmetic: isHalves ? 'halves' : 'integers', weights: hasUniform(limits) ? weights : 'storage' };
  }
  const { arithmetic = found.form === 'depthwise' ? defaultArithmetic(capabilities) : found.arithmetic } = options;
  const largest = (source: number) => largestByte(network, source);
  const exact = suited(arithmetic, network, layer, 'block', largest);
  const single = exact === 'halves' ? 'integers' : exact;
  if (isOfRegisters(form) || form === 'depthwise' || isGrouped(layer)) {
    const tile = isOfRegisters(form) ? form : fittingTile(capabilities);
    return { form: tile, arithmetic: tile === 'registers' ? exact : single, weights: hasUniform(limits) ? weights : 'storage' };
  }
  const fitsMatrix = capabilities.matrix === 'u8' || fitsFloats(layer, largest);
  return { form: form === 'matrix' && !fitsMatrix ? 'tiled' : form, arithmetic: single, weights: 'storage' };
}

/**
 * Whether packed dot products and matrix units of bytes multiply a layer's words and weights as signed bytes: where no word passes 127. Then
 * nothing need be taken off the sums. Software drivers take dot products apart, signed ones at more cost (up to 30 % of a layer on llvmpipe).
 */
export const isSigned = (
  network: SpikingNetwork,
  layer: SpikingNeurons,
  { form, arithmetic }: Choice,
  { software }: Capabilities = PLAIN,
): boolean =>
  !software && (form === 'matrix' || arithmetic === 'packed') && fitsSigned(layer, (source) => largestByte(network, source));
