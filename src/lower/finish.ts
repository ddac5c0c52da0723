/** The end of a walk: the readout, without layers that nobody reads, each with a name of its own. */

import { type AnnLayer, type AnnReadout, INPUT, sourcesOf } from '../ann/ann.ts';
import { ModelFormatError, UnsupportedModelError } from '../errors.ts';
import type { Node } from '../graph/graph.ts';
import { dataInput } from './inputs.ts';
import { firstNotFinite, type Lowering, MOST_LAYER_TERMS } from './lowering.ts';
import { dropUnseenSides } from './one-sided.ts';
import { mergeParts } from './operators/join.ts';
import { isGrouped } from './parts/axes.ts';
import { asSum, BOUNDLESS } from './parts/layers.ts';
import { withoutPools } from './parts/maximum.ts';
import { partShape } from './value.ts';

/** All layers in order, the readout last. Throws where the output is no vector of logits, and for weights that overflow. */
export function finishLayers(lowering: Lowering, output: string): AnnLayer[] {
  const readout = makeReadout(lowering, output);
  const layers = distinctNames(keepRead(dropUnseenSides([...lowering.layers, readout], [...lowering.twins.values()])));
  for (const layer of layers) {
    checkTerms(layer);
    checkNumbers(layer);
  }
  return layers;
}

function makeReadout(lowering: Lowering, name: string): AnnReadout {
  const where = `output "${name}"`;
  const value = lowering.values.get(name);
  if (!value) throw new UnsupportedModelError('constant-output', where, 'it does not depend on the image', 'export a classifier');
  const node: Node = { name, operator: 'output', inputs: [name], outputs: [], attributes: new Map() };
  const settled = isGrouped(value) ? value : dataInput(node, 0, lowering);
  const sizes = settled.parts.map(partShape);
  if (isGrouped(value) || sizes.some(({ height, width }) => height !== 1 || width !== 1)) {
    const what = `a map of ${value.dims.slice(1).join(' × ')}, not one number a class`;
    throw new UnsupportedModelError('output-shape', where, what, 'export a classifier whose output is [batch, classes]');
  }
  const merged = asSum(mergeParts(settled, node, lowering), nameOfSource(settled.parts[0], lowering) ?? name);
  const sum = withoutPools(merged, node, lowering);
  return { kind: 'readout', name: sum.name, shape: sum.shape, terms: sum.terms, bias: Float32Array.from(sum.bias) };
}

function nameOfSource(part: { kind: string; source?: number }, lowering: Lowering): string | undefined {
  return part.source === undefined || part.source === INPUT ? undefined : `${lowering.layers[part.source].name}/readout`;
}

/** Drops the layers that the last one does not depend on. */
export function keepRead(layers: readonly AnnLayer[]): AnnLayer[] {
  const read = new Set([layers.length - 1]);
  for (let i = layers.length - 1; i >= 0; i--) if (read.has(i)) for (const source of sourcesOf(layers[i])) read.add(source);
  const kept = layers.flatMap((_, i) => (read.has(i) ? [i] : []));
  const index = new Map(kept.map((old, now) => [old, now]));
  const renumber = (source: number) => (source === INPUT ? INPUT : index.get(source)!);
  return kept.map((i): AnnLayer => {
    const layer = layers[i];
    if (layer.kind === 'pool') return { ...layer, source: renumber(layer.source) };
    return { ...layer, terms: layer.terms.map((term) => ({ ...term, source: renumber(term.source) })) };
  });
}

/** A second layer of a name is `name_2`. */
function distinctNames(layers: readonly AnnLayer[]): AnnLayer[] {
  const taken = new Map<string, number>();
  return layers.map((layer) => {
    let name = layer.name;
    while (taken.has(name)) {
      const count = taken.get(layer.name)! + 1;
      taken.set(layer.name, count);
      name = `${layer.name}_${count}`;
    }
    taken.set(name, 1);
    return name === layer.name ? layer : { ...layer, name };
  });
}

function checkTerms(layer: AnnLayer): void {
  if (layer.kind === 'pool' || layer.terms.length <= MOST_LAYER_TERMS) return;
  const what = `joins ${layer.terms.length} terms, at most ${MOST_LAYER_TERMS}`;
  throw new UnsupportedModelError('too-large', `layer "${layer.name}"`, what, 'put a ReLU between the joins');
}

function checkNumbers(layer: AnnLayer): void {
  if (layer.kind === 'pool') return;
  if (layer.kind === 'neurons' && layer.bits === BOUNDLESS) {
    const remedy = 'clip it before or behind the rounding, at multiples of the step';
    throw new UnsupportedModelError('unsupported-operator', `layer "${layer.name}"`, 'rounds what has no bounds', remedy);
  }
  const lists = [layer.bias, ...layer.terms.map(({ operator }) => operator.weights)];
  if (lists.every((list) => firstNotFinite(list) < 0)) return;
  throw new ModelFormatError('bad-weights', `layer "${layer.name}"`, 'folded weights overflow float32', 'export sound weights');
}
