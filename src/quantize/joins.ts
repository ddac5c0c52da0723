import { type Ann, type AnnLayer, INPUT } from '../ann/ann.ts';

/**
 * Depth of each layer (specification, section 5): depth(input) = 0, depth(l) = 1 + max over terms of depth(source).
 * A pool takes no time and has its source's depth.
 */
export function depths(ann: Ann): number[] {
  const depth: number[] = [];
  const of = (source: number) => (source === INPUT ? 0 : depth[source]);
  ann.layers.forEach((layer: AnnLayer) => {
    depth.push(layer.kind === 'pool' ? of(layer.source) : 1 + Math.max(0, ...layer.terms.map((term) => of(term.source))));
  });
  return depth;
}

/** Synchronous neurons that a term needs: windows by which its source is shallower than the layer's deepest source. */
export const synchronousNeurons = (depth: readonly number[], layer: number, source: number): number =>
  depth[layer] - 1 - (source === INPUT ? 0 : depth[source]);
