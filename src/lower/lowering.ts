/** The state of one walk over a graph's nodes, and what its operators refuse with. */

import type { AnnLayer, Preprocessing, Shape } from '../ann/ann.ts';
import { shapeSize } from '../ann/ann.ts';
import { ModelFormatError, type UnsupportedModelCode, UnsupportedModelError } from '../errors.ts';
import type { Graph, Node, Tensor } from '../graph/graph.ts';
import type { Twins } from './one-sided.ts';
import { channelsFirst } from './parts/axes.ts';
import { NO_PADS, type Part, type Sum, type Value } from './value.ts';

export interface Lowering {
  readonly graph: Graph;
  /** Images in one run of the file; 1 where it is dynamic. */
  readonly batch: number;
  /** Grows while the nodes are lowered; a layer only reads from those before it. */
  readonly layers: AnnLayer[];
  /** Stored and folded constants by tensor name. */
  readonly constants: Map<string, Tensor>;
  /** Activations by tensor name. */
  readonly values: Map<string, Value>;
  /** Comparisons of activations by tensor name, which have no value. */
  readonly comparisons: Map<string, Node>;
  /** What QuantizeLinear made of activations, by tensor name: as DequantizeLinear gives it back. */
  readonly integers: Map<string, Integers>;
  /** Tensors between the logits and the output, that included: they change nothing of the decision. */
  readonly behindLogits: ReadonlySet<string>;
  /** Nodes that stand in the place of an If, once its branch is known. */
  readonly branches: Map<Node, readonly Node[]>;
  /** What the graph does to pixels, once that is known. */
  preprocessing: Preprocessing | undefined;
  /** Pool layers by source, mode and window, copies by source, rounded layers by source and steps, so that equal ones are made once. */
  readonly pools: Map<string, number>;
  /** Of pools, the layer below them that is none. */
  readonly bases: Map<number, number>;
  /** By tensor name, how many layers would compute a sum anew if it were handed on to all that read it. */
  readonly readers: ReadonlyMap<string, number>;
  /** Sums by what they became over layers of their own; those by themselves. */
  readonly settled: Map<Sum, Sum>;
  /** Twins that a BatchNormalization reads, with what it knows of their sum, by the first of both layers. */
  readonly twins: Map<number, Twins>;
  /** Layers of ones by the size of their map. */
  readonly ones: Map<string, number>;
  /** Multiply-adds that may still be spent on making two linear operators one. */
  readonly effort: { left: number };
  /** Numbers that may still be allocated for what the file does not hold itself. */
  readonly room: { left: number };
}

/** Quantised activations, and the numbers that they were quantised with. */
export interface Integers {
  readonly value: Value;
  readonly scale: number;
  readonly zero: number;
}

/** A node's operator on activations: yields its first output, or a list of its outputs. */
export type LowerOperator = (node: Node, lowering: Lowering) => Value | readonly Value[];

/** Terms that one average or maximum may make. */
export const MOST_TERMS = 32;

/** Terms that a layer may have: what the kernels hold. */
export const MOST_LAYER_TERMS = 128;

/** Largest feature map, in values. */
const MAXIMUM_VALUES = 2 ** 30;

/** What a `where` says of a node. */
export const nodePlace = (node: Node): string => `node "${node.name}" (${node.operator})`;

/** An error for what a supported operator is asked to do but cannot. */
export const cannot = (
  node: Node,
  what: string,
  remedy: string,
  code: UnsupportedModelCode = 'unsupported-operator',
): UnsupportedModelError => new UnsupportedModelError(code, nodePlace(node), what, remedy);

/** An error for a node whose inputs do not go together. */
export const badShape = (node: Node, what: string): ModelFormatError =>
  new ModelFormatError('bad-shape', nodePlace(node), what, 'the file is damaged or not valid ONNX: export it again');

/** What to do about numbers that the graph makes and the file does not hold. */
const MADE_UP = 'store the weights in the file as they are used (onnx-simplifier does), or give a smaller model';

/** Takes room for numbers that are made up here. Throws `UnsupportedModelError` when a file asks for far more than it holds. */
export function takeRoom(lowering: Lowering, count: number, node: Node): void {
  lowering.room.left -= count;
  if (!(lowering.room.left >= 0)) throw cannot(node, `needs ${count} numbers, too many for this model`, MADE_UP, 'too-large');
}

/** Throws unless every size is a positive whole number and the map is of a sane size. */
export function checkShape(shape: Shape, node: Node): Shape {
  const { channels, height, width } = shape;
  if ([channels, height, width].some((d) => !Number.isSafeInteger(d) || d <= 0)) {
    throw badShape(node, `the output would be ${channels} × ${height} × ${width}`);
  }
  if (shapeSize(shape) > MAXIMUM_VALUES) {
    throw cannot(node, `a map of ${channels} × ${height} × ${width} is too large`, 'export with smaller images', 'too-large');
  }
  return shape;
}

/** Position of the first number that is NaN or infinite; −1 where there is none. A loop, since lists may have 10^8 numbers. */
export function firstNotFinite(numbers: Float32Array | Float64Array): number {
  for (let i = 0; i < numbers.length; i++) if (!Number.isFinite(numbers[i])) return i;
  return -1;
}

/** A value without border, the channels first unless `axes` says otherwise. */
export const plainValue = (
  dims: readonly number[],
  parts: readonly Part[],
  axes: readonly string[] = channelsFirst(dims.length, parts),
): Value => ({
  dims,
  axes,
  parts,
  pads: NO_PADS,
});
