/**
 * A model file's graph as plain data: nodes with attributes, and constants. What `onnx/` reads and `lowerGraph` turns into an
 * `Ann`. Names are those of the file.
 */

/** A constant. Values in row-major order; integers (and booleans) are held exactly up to 2^53. */
export interface Tensor {
  readonly dims: readonly number[];
  readonly type: 'real' | 'integer';
  /** Float32Array for reals and integers of 16 bits at most, else Float64Array. */
  readonly data: Float32Array | Float64Array;
  /** Of integers of few bits, stored as such: the lowest and the highest. */
  readonly range?: readonly [number, number];
}

/** A graph within a node: a branch of If. It may read tensors of the graphs around it, which follow the node's own inputs. */
export interface Subgraph {
  /** Each after those that it reads from. */
  readonly nodes: readonly Node[];
  readonly constants: ReadonlyMap<string, Tensor>;
  readonly outputs: readonly string[];
}

/** An attribute's value; `null` for a kind that no supported operator has (sparse tensors, lists of graphs). */
export type Attribute = number | string | readonly number[] | Tensor | Subgraph | null;

/** One operator of the graph. */
export interface Node {
  /** The file's name, or `<operator>_<index>` where the file has none. */
  readonly name: string;
  /** ONNX operator, with its domain in front where that is not ONNX's own: `com.microsoft.Gelu`. */
  readonly operator: string;
  /** Tensor names; an empty string is an optional input that was left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
}

/** A whole classifier graph with one input. */
export interface Graph {
  readonly name: string;
  /** Version of ONNX's own operator set. */
  readonly opset: number;
  readonly input: {
    readonly name: string;
    /** [batch, …] in the file's own layout; a dynamic batch is 1. */
    readonly dims: readonly number[];
    /** It takes bytes. */
    readonly bytes: boolean;
  };
  /** Names of the output tensors, at least one. */
  readonly outputs: readonly string[];
  readonly nodes: readonly Node[];
  /** Initializers by tensor name. */
  readonly constants: ReadonlyMap<string, Tensor>;
}

/** Most dimensions of a tensor, as NumPy has it. */
export const MAXIMUM_RANK = 64;

/** Product of the dimensions. */
export const elementCount = (dims: readonly number[]): number => dims.reduce((product, d) => product * d, 1);
