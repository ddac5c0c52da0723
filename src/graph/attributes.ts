/** Typed access to a node's attributes. Each throws `ModelFormatError` when the attribute has another kind. */

import { ModelFormatError } from '../errors.ts';
import type { Attribute, Node, Subgraph, Tensor } from './graph.ts';

const wrongKind = (node: Node, name: string, wanted: string) =>
  new ModelFormatError('bad-attribute', `node "${node.name}"`, `attribute "${name}" is not ${wanted}`, 'export the model again');

/** A number, not NaN. */
export function numberAttribute(node: Node, name: string, fallback: number): number {
  const value = node.attributes.get(name);
  if (value === undefined) return fallback;
  if (typeof value !== 'number' || Number.isNaN(value)) throw wrongKind(node, name, 'a number');
  return value;
}

/** A whole number. */
export function integerAttribute(node: Node, name: string, fallback: number): number {
  const value = numberAttribute(node, name, fallback);
  if (!Number.isInteger(value)) throw wrongKind(node, name, 'a whole number');
  return value;
}

/** A text. */
export function textAttribute(node: Node, name: string, fallback: string): string {
  const value = node.attributes.get(name);
  if (value === undefined) return fallback;
  if (typeof value !== 'string') throw wrongKind(node, name, 'a text');
  return value;
}

/** A list of whole numbers, or `undefined` where the node has none. */
export function integersAttribute(node: Node, name: string): readonly number[] | undefined {
  const value = node.attributes.get(name);
  if (value === undefined) return undefined;
  if (!isList(value) || !value.every(Number.isInteger)) throw wrongKind(node, name, 'a list of whole numbers');
  return value;
}

/** A constant, or `undefined` where the node has none. */
export function tensorAttribute(node: Node, name: string): Tensor | undefined {
  const value = node.attributes.get(name);
  if (value === undefined) return undefined;
  if (value === null || typeof value !== 'object' || isList(value) || isSubgraph(value)) throw wrongKind(node, name, 'a tensor');
  return value;
}

/** A graph within the node. */
export function subgraphAttribute(node: Node, name: string): Subgraph {
  const value = node.attributes.get(name);
  if (!isSubgraph(value)) throw wrongKind(node, name, 'a graph');
  return value;
}

/** Whether an attribute is a graph. */
export const isSubgraph = (value: Attribute | undefined): value is Subgraph =>
  value !== null && typeof value === 'object' && 'nodes' in value;

/** Whether an attribute is a list of numbers. */
export const isList = (value: Attribute | undefined): value is readonly number[] => Array.isArray(value);
