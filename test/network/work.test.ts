import fc from 'fast-check';
import { expect, it } from 'vitest';
import { momentAt } from '../../src/network/timetable.ts';
import { convolutionsBy } from '../../src/network/work.ts';
import { randomNetwork, recipes, recipesByDepth } from '../helpers/random-network.ts';

it('counts, term by term, the steps before T in which its source sends, or its synchronous neurons repeat', () => {
  fc.assert(
    fc.property(fc.oneof(recipes, recipesByDepth), fc.integer({ min: 1, max: 90 }), fc.boolean(), (recipe, t, synchronous) => {
      const network = randomNetwork(recipe);
      const { layers, timetable } = network;
      let [windowed, always] = [0, 0];
      for (const layer of layers) {
        if (layer.kind === 'pool') continue;
        for (const { source, operator } of layer.terms) {
          if (operator.type === 'identity') continue;
          if (source < 0) {
            windowed++;
            always++;
            continue;
          }
          always += t;
          const { depth } = layers[source];
          const K = timetable.layers[depth].phases;
          for (let step = 0; step < t; step++) {
            const own = momentAt(timetable, depth, step);
            const partner = momentAt(timetable, layer.depth, step);
            const sends = synchronous ? partner.state === 'integrating' && partner.phase < K : own.state === 'firing';
            if (sends) windowed++;
          }
        }
      }
      expect(convolutionsBy(network, t, true, synchronous)).toBe(windowed);
      expect(convolutionsBy(network, t, false, synchronous)).toBe(always);
    }),
    { numRuns: 80, seed: 91 },
  );
});
