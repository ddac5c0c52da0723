/** `Graph` → `Ann`: one walk over the nodes, constants folded on the way. */

import { type Ann, INPUT, type Shape } from '../ann/ann.ts';
import { UnsupportedModelError } from '../errors.ts';
import { elementCount, type Graph, type Node } from '../graph/graph.ts';
import { orderNodes } from '../graph/order.ts';
import { takenBranch } from './branch.ts';
import { finishLayers } from './finish.ts';
import { FOLDS, shapeTensor } from './fold/fold.ts';
import { checkShape, type Lowering, nodePlace, plainValue } from './lowering.ts';
import { passEnding } from './operators/ending.ts';
import { DEFAULT_REMEDY, OPERATORS, REMEDIES } from './operators.ts';
import { behindLogits, chooseOutput } from './output.ts';
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
  const input = inputShape(graph);
  const output = chooseOutput(graph, wanted);
  const nodes = orderNodes(graph, output);
  const lowering = startLowering(graph, input, countReaders(nodes), behindLogits(graph, output));
  lowerNodes(nodes, lowering);
  return { name: graph.name, input, layers: finishLayers(lowering, output) };
}

function inputShape(graph: Graph): Shape {
  const [, channels, height = 1, width = 1] = graph.input.dims;
  const node: Node = { name: graph.input.name, operator: 'input', inputs: [], outputs: [], attributes: new Map() };
  return checkShape({ channels, height, width }, node);
}

/** Numbers that a small file may make up: 2^24 (64 MiB of weights). */
const BASE_ROOM = 2 ** 24;
/** How many times its own size a file may make up. */
const ROOM_FACTOR = 16;
/** Multiply-adds for making two linear operators one: well below a second. Behind it layers stand between them. */
const EFFORT = 2 ** 28;

function startLowering(graph: Graph, input: Shape, readers: Lowering['readers'], behindLogits: Lowering['behindLogits']): Lowering {
  const stored = [...graph.constants.values()].reduce((n, { dims }) => n + elementCount(dims), 0);
  return {
    graph,
    input,
    batch: graph.input.dims[0],
    layers: [],
    constants: new Map(graph.constants),
    values: new Map([[graph.input.name, plainValue(graph.input.dims, [{ kind: 'finished', source: INPUT, shape: input }])]]),
    comparisons: new Map(),
    integers: new Map(),
    behindLogits,
    pools: new Map(),
    readers,
    settled: new Map(),
    twins: new Map(),
    ones: new Map(),
    effort: { left: EFFORT },
    room: { left: BASE_ROOM + ROOM_FACTOR * stored },
  };
}

function lowerNodes(nodes: readonly Node[], lowering: Lowering): void {
  const waiting = nodes.toReversed();
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (node.operator !== 'If') lowerNode(node, lowering);
    else for (const inner of takenBranch(node, lowering).reverse()) waiting.push(inner);
  }
}

function lowerNode(node: Node, lowering: Lowering): void {
  const [output] = node.outputs;
  const { values: activations, comparisons, integers } = lowering;
  const data = node.inputs.some((name) => activations.has(name) || comparisons.has(name) || integers.has(name));
  if (!data || node.operator === 'Shape') {
    lowering.constants.set(output, foldNode(node, lowering));
    return;
  }
  const lower = OPERATORS.get(node.operator);
  if (!lower) throw refused(node);
  const lowered = passEnding(node, lowering) ?? lower(node, lowering);
  const values: readonly Value[] = 'dims' in lowered ? [lowered] : lowered;
  values.forEach((value, i) => {
    const name = node.outputs[i];
    if (name) lowering.values.set(name, settleShared(value, name, node, lowering));
  });
}

function foldNode(node: Node, lowering: Lowering) {
  const value = lowering.values.get(node.inputs[0] ?? '');
  if (node.operator === 'Shape' && value) return shapeTensor(node, value.dims);
  if (!Object.hasOwn(FOLDS, node.operator)) throw refused(node);
  return FOLDS[node.operator](node, lowering);
}

function refused(node: Node): UnsupportedModelError {
  const remedy = REMEDIES.get(node.operator) ?? DEFAULT_REMEDY;
  const supported = `supported: ${[...OPERATORS.keys()].join(', ')}`;
  const what = `operator ${node.operator} is not supported`;
  return new UnsupportedModelError('unsupported-operator', nodePlace(node), what, `${remedy} (${supported})`);
}
