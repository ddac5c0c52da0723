import { sourceShape } from '../graph/ann.ts';
import type { SpikingNetwork, SpikingNeurons } from '../network/network.ts';
import type { PlanLimits } from './limits.ts';
import { UNIFORM_BYTES } from './tables.ts';

/**
 * How one layer is computed; all give the same bits.
 * - `registers` (`shaders/accumulate.wgsl`): an invocation has 8 channels × 8 columns in registers and reads words itself;
 * - `tiled` (`shaders/accumulate-tiled.wgsl`): a workgroup shares words and weights for 64 channels × 64 columns;
 * - `matrix`: as `tiled`, multiplied by matrix units.
 */
export interface Choice {
  readonly form: 'registers' | 'tiled' | 'matrix';
  /** Packed 8-bit dot products, integers of single bytes, or f32. Matrix units have their own. */
  readonly arithmetic: 'packed' | 'integers' | 'f32';
  /** Weights through the constant path where they fit, or always from storage. */
  readonly weights: 'uniform' | 'storage';
}

/** Choices by shape (`shapeKey`), as tuning found them. */
export type Choices = { readonly [shape: string]: Choice };

/** What of a device the choice depends on. */
export interface Capabilities {
  /** It computes on the CPU. */
  readonly software: boolean;
  /** WGSL has packed 8-bit dot products. */
  readonly packedDot: boolean;
  /** It has matrix units for operands of 8 bits or f16. */
  readonly matrix: boolean;
}

/** A layer's shape as far as its speed depends on it: what tuning measures once and keeps. */
export function shapeKey(network: SpikingNetwork, layer: SpikingNeurons): string {
  const terms = layer.terms.map(({ source, operator }) => {
    const from = sourceShape(network, source);
    if (operator.type === 'identity') return 'identity';
    const { kernel, stride, dilation } = operator.window;
    const groups = operator.groups > 1 ? ` groups ${operator.groups}` : '';
    const dilated = dilation[0] * dilation[1] > 1 ? ` dilation ${dilation.join('x')}` : '';
    return `${kernel.join('x')}/${stride.join('x')} ${from.channels}x${from.height}x${from.width}${groups}${dilated}`;
  });
  return `${terms.join(' + ')} -> ${layer.shape.channels}x${layer.shape.height}x${layer.shape.width}`;
}

const isGrouped = ({ terms }: SpikingNeurons): boolean =>
  terms.some(({ operator }) => operator.type !== 'identity' && operator.groups > 1);

/** Channels below which a tile of 64 channels is mostly empty. */
const TILE_CHANNELS = 32;

/** Whether the forms that share words in a workgroup can compute a layer: ungrouped, and channels enough to fill a tile. */
const fillsTiles = (layer: SpikingNeurons): boolean => layer.shape.channels >= TILE_CHANNELS && !isGrouped(layer);

/** Dot products where hardware has them; software drivers take them apart, and single bytes suit their compilers better. */
export const defaultArithmetic = ({ software, packedDot }: Capabilities): Choice['arithmetic'] =>
  software ? 'integers' : packedDot ? 'packed' : 'f32';

/** What a layer is computed with where nothing was measured: by the kind of device. */
export function defaultChoice(capabilities: Capabilities, layer: SpikingNeurons): Choice {
  const { software, matrix } = capabilities;
  if (!software && matrix && fillsTiles(layer)) return { form: 'matrix', arithmetic: 'packed', weights: 'storage' };
  return { form: 'registers', arithmetic: defaultArithmetic(capabilities), weights: 'uniform' };
}

/** Everything that a device can compute a layer with. */
export function candidatesOf({ packedDot, matrix }: Capabilities, layer: SpikingNeurons): Choice[] {
  const arithmetics = (['packed', 'integers', 'f32'] as const).filter((one) => one !== 'packed' || packedDot);
  const registers = arithmetics.flatMap((arithmetic) =>
    (['uniform', 'storage'] as const).map((weights): Choice => ({ form: 'registers', arithmetic, weights })),
  );
  if (!fillsTiles(layer)) return registers;
  const tiled = arithmetics.map((arithmetic): Choice => ({ form: 'tiled', arithmetic, weights: 'storage' }));
  return [...registers, ...tiled, ...(matrix ? [{ form: 'matrix', arithmetic: 'packed', weights: 'storage' } as const] : [])];
}

/** Packed dot products on a GPU, and no more. */
const PLAIN: Capabilities = { software: false, packedDot: true, matrix: false };

/**
 * How a layer is computed: what is forced, else what tuning found for its shape, else by the kind of device. Grouped
 * convolutions stay in registers whatever is asked for: a tile of 64 channels would read too many others.
 */
export function choose(
  network: SpikingNetwork,
  layer: SpikingNeurons,
  limits: PlanLimits,
  options: Partial<Choice> & { readonly capabilities?: Capabilities; readonly choices?: Choices },
): Choice {
  const found = options.choices?.[shapeKey(network, layer)] ?? defaultChoice(options.capabilities ?? PLAIN, layer);
  const { form = found.form, arithmetic = found.arithmetic, weights = found.weights } = options;
  if (form !== 'registers' && !isGrouped(layer)) return { form, arithmetic, weights: 'storage' };
  return { form: 'registers', arithmetic, weights: limits.maxUniformBufferBindingSize < UNIFORM_BYTES ? 'storage' : weights };
}
