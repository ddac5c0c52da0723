/** The state of one walk over a graph's nodes, and what its operators refuse with. */

import type { AnnLayer, Shape } from '../ann/ann.ts';
import { shapeSize } from '../ann/ann.ts';
import { ModelFormatError, type UnsupportedModelCode, UnsupportedModelError } from '../errors.ts';
import type { Graph, Node, Tensor } from '../graph/graph.ts';
import type { Twins } from './one-sided.ts';
import { NO_PADS, type Part, type Sum, type Value } from './value.ts';

export interface Lowering {
  readonly graph: Graph;
  readonly input: Shape;
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
  /** Pool layers by source, mode and window, and copies by source, so that equal ones are made once. */
  readonly pools: Map<string, number>;
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

/** A node's operator on activations: yields its first output, or a list of its outputs. */
export type LowerOperator = (node: Node, lowering: Lowering) => Value | readonly Value[];

/** Terms that one average or maximum may make; what the kernels hold is four times that. */
export const MOST_TERMS = 32;

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

/** A value without border. */
export const plainValue = (dims: readonly number[], parts: readonly Part[]): Value => ({ dims, parts, pads: NO_PADS });
