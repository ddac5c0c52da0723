/** `Graph` → `Ann`: one walk over the nodes, constants folded on the way. */

import { type Ann, INPUT } from '../ann/ann.ts';
import { UnsupportedModelError } from '../errors.ts';
import { elementCount, type Graph, MAXIMUM_RANK, type Node, type Tensor } from '../graph/graph.ts';
import { orderNodes } from '../graph/order.ts';
import { withBranches } from './branch.ts';
import { finishLayers } from './finish.ts';
import { FOLDS, shapeTensor } from './fold/fold.ts';
import { type InputReading, readInput, takeOutPreprocessing } from './input.ts';
import { cannot, checkShape, type Lowering, nodePlace, plainValue } from './lowering.ts';
import { passEnding } from './operators/ending.ts';
import { DEFAULT_REMEDY, OPERATORS, REMEDIES } from './operators.ts';
import { behindLogits, chooseOutput } from './output.ts';
import { dealAxes } from './parts/axes.ts';
import { settleShared } from './parts/settle.ts';
import { countReaders } from './readers.ts';
import type { Value } from './value.ts';

/**
 * Turns a classifier's graph into layers: weighted sums with one ReLU each, pools, and the readout. Weights are those of
 * the file up to f32 rounding: BatchNormalization is folded, Concat and Flatten cost nothing, a slice with padded channels is a 1 × 1
 * convolution with 0/1 weights. Softmax, LogSoftmax, Sigmoid and ArgMax at the end are left out, so the readout gives logits: of
 * the output of the wanted name, or of the only one that can be meant.
 * Throws `UnsupportedModelError` for what has no place in an `Ann` and `ModelFormatError` for an inconsistent graph, both by node.
 */
export function lowerGraph(graph: Graph, wanted?: string): Ann {
  const output = chooseOutput(graph, wanted);
  const nodes = orderNodes(graph, output);
  const lowering = startLowering(graph, countReaders(nodes), behindLogits(graph, output));
  const reading = readInput(nodes, output, lowering, (node, dims) => setConstant(node, lowering, dims));
  const { shape, layout } = reading;
  const input = { ...checkShape(shape, inputNode(graph)), ...(layout === 'nhwc' && { layout }) };
  setValue(graph.input.name, inputValue(graph, reading), reading, lowering);
  for (const node of withBranches(nodes, lowering)) lowerNode(node, reading, lowering);
  const { preprocessing } = lowering;
  return { name: graph.name, input, ...(preprocessing && { preprocessing }), layers: finishLayers(lowering, output) };
}

const inputNode = ({ input }: Graph): Node => ({
  name: input.name,
  operator: 'input',
  inputs: [],
  outputs: [],
  attributes: new Map(),
});

function inputValue({ input: { dims } }: Graph, { shape, order }: InputReading): Value {
  const sizes = { c: shape.channels, h: shape.height, w: shape.width };
  return plainValue(dims, [{ kind: 'finished', source: INPUT, shape }], dealAxes(dims, order, sizes, dims[0]));
}

/** Numbers that a small file may make up: 2^24 (64 MiB of weights). */
const BASE_ROOM = 2 ** 24;
/** How many times its own size a file may make up. */
const ROOM_FACTOR = 16;
/** Multiply-adds for making two linear operators one: well below a second. Behind it layers stand between them. */
const EFFORT = 2 ** 28;

function startLowering(graph: Graph, readers: Lowering['readers'], behindLogits: Lowering['behindLogits']): Lowering {
  const stored = [...graph.constants.values()].reduce((n, { dims }) => n + elementCount(dims), 0);
  return {
    graph,
    batch: graph.input.dims[0],
    layers: [],
    constants: new Map(graph.constants),
    values: new Map(),
    comparisons: new Map(),
    integers: new Map(),
    behindLogits,
    branches: new Map(),
    preprocessing: undefined,
    pools: new Map(),
    bases: new Map(),
    readers,
    settled: new Map(),
    twins: new Map(),
    ones: new Map(),
    effort: { left: EFFORT },
    room: { left: BASE_ROOM + ROOM_FACTOR * stored },
  };
}

function lowerNode(node: Node, reading: InputReading, lowering: Lowering): void {
  const [output] = node.outputs;
  if (lowering.constants.has(output)) return;
  const { values: activations, comparisons, integers } = lowering;
  const data = node.inputs.some((name) => activations.has(name) || comparisons.has(name) || integers.has(name));
  if (!data || node.operator === 'Shape') {
    setConstant(node, lowering, lowering.values.get(node.inputs[0] ?? '')?.dims);
    return;
  }
  const lower = OPERATORS.get(node.operator);
  if (!lower) throw refused(node);
  const lowered = passEnding(node, lowering) ?? lower(node, lowering);
  const values: readonly Value[] = 'dims' in lowered ? [lowered] : lowered;
  values.forEach((value, i) => {
    const name = node.outputs[i];
    if (!name) return;
    checkRank(value.dims, node);
    setValue(name, settleShared(value, name, node, lowering), reading, lowering);
  });
  if (lowering.layers.length > MAXIMUM_LAYERS)
    throw tooLarge(node, `becomes layer ${lowering.layers.length} of at most ${MAXIMUM_LAYERS}`);
}

/** Far more than any network has: what comes behind, plans and kernels for each, would take too long. */
const MAXIMUM_LAYERS = 2 ** 13;

function checkRank(dims: readonly number[], node: Node): void {
  if (dims.length > MAXIMUM_RANK) throw tooLarge(node, `${dims.length} dimensions, more than ${MAXIMUM_RANK}`);
}

const tooLarge = (node: Node, what: string) => cannot(node, what, 'give a model of a common size', 'too-large');

/** What the graph does to the pixels first is kept apart, so that no padding lies between it and a convolution. */
function setValue(name: string, value: Value, { pixels }: InputReading, lowering: Lowering): void {
  const found = name === pixels ? takeOutPreprocessing(value, lowering.graph.input.bytes, lowering) : undefined;
  if (found) lowering.preprocessing = found.preprocessing;
  lowering.values.set(name, found?.value ?? value);
}

/** @param dims of the node's input where that is computed from the image */
function setConstant(node: Node, lowering: Lowering, dims: readonly number[] | undefined): void {
  const constant = foldNode(node, lowering, dims);
  checkRank(constant.dims, node);
  lowering.constants.set(node.outputs[0], constant);
}

function foldNode(node: Node, lowering: Lowering, dims: readonly number[] | undefined): Tensor {
  if (node.operator === 'Shape' && dims) return shapeTensor(node, dims);
  if (!Object.hasOwn(FOLDS, node.operator)) throw refused(node);
  return FOLDS[node.operator](node, lowering);
}

function refused(node: Node): UnsupportedModelError {
  const remedy = REMEDIES.get(node.operator) ?? DEFAULT_REMEDY;
  const supported = `supported: ${[...OPERATORS.keys()].join(', ')}`;
  const what = `operator ${node.operator} is not supported`;
  return new UnsupportedModelError('unsupported-operator', nodePlace(node), what, `${remedy} (${supported})`);
}
