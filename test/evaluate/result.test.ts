import { expect, it } from 'vitest';
import { layerFigures } from '../../src/evaluate/result.ts';
import { randomNetwork } from '../helpers/random-network.ts';

it('layerFigures has a line for each layer but the pools', () => {
  const recipe = { seed: 5, layers: 6, channels: 6, size: 9, phaseBits: 3, waves: 1, initial: 'half' } as const;
  const network = randomNetwork(recipe);
  const weighted = network.layers.filter((layer) => layer.kind !== 'pool');
  const figures = layerFigures(
    network,
    network.layers.map((_, l) => 10 * l),
    10,
  );
  expect(figures.map(({ name }) => name)).toEqual(weighted.map(({ name }) => name));
  for (const [i, figure] of figures.entries()) {
    const layer = weighted[i];
    expect(figure.neurons).toBe(layer.shape.channels * layer.shape.height * layer.shape.width);
    expect(figure.spikesPerImage).toBe(network.layers.indexOf(layer));
    expect(figure.gridBits).toEqual([Math.min(...layer.gridBits), Math.max(...layer.gridBits)]);
  }
});
