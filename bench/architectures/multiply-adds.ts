import type { Ann } from '../../src/ann/ann.ts';

/** Multiply-adds of one image in an imported network: each weight once a place, identities' too. */
export const multiplyAddsOf = ({ layers }: Ann): number =>
  layers.reduce((all, layer) => {
    if (layer.kind === 'pool') return all;
    const weights = layer.terms.reduce((n, { operator }) => n + operator.weights.length, 0);
    return all + weights * layer.shape.height * layer.shape.width;
  }, 0);
