import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sourceShape } from '../../src/ann/ann.ts';
import { layChannels, layWeights, packChannels, packWeights, type WeightLayout } from '../../src/kernels/weights.ts';
import type { SpikingNetwork, SpikingNeurons, SpikingReadout } from '../../src/network/network.ts';
import { randomNetwork, recipes } from '../helpers/random-network.ts';

/**
 * Weights of one convolution read back as a shader reads them: by tile, block, place and lane. [output][channel][place] over all
 * channels of the source, whatever the groups.
 */
function unpack(
  packed: WeightLayout & { readonly data: Uint32Array },
  layer: SpikingNeurons | SpikingReadout,
  t: number,
  source: number,
): number[][][] {
  const { operator } = layer.terms[t];
  if (operator.type === 'identity') throw new Error('no convolution');
  const [height, width] = operator.window.kernel;
  const places = height * width;
  const groupOutputs = layer.shape.channels / operator.groups;
  const groupInputs = source / operator.groups;
  const bytes = new Uint8Array(packed.data.buffer);
  const tiles = Math.ceil(layer.shape.channels / 8);
  const dense = Array.from({ length: tiles * 8 }, () => Array.from({ length: source }, () => new Array<number>(places).fill(0)));
  for (let tile = 0; tile < tiles; tile++) {
    const first = Math.floor((Math.floor((tile * 8) / groupOutputs) * groupInputs) / 4);
    for (let b = 0; b < packed.termBlocks[t]; b++) {
      for (let place = 0; place < places; place++) {
        for (let lane = 0; lane < 8; lane++) {
          for (let c = 0; c < 4; c++) {
            const word = tile * packed.tileWords + packed.termOffsets[t] + (b * places + place) * 8 + lane;
            const w = bytes[word * 4 + c] - 128;
            const channel = (first + b) * 4 + c;
            if (channel < source) dense[tile * 8 + lane][channel][place] = w;
            else expect(w, 'weight of a channel that is not there').toBe(0);
          }
        }
      }
    }
  }
  return dense;
}

const weightedLayers = (network: SpikingNetwork) =>
  network.layers.filter((layer): layer is SpikingNeurons | SpikingReadout => layer.kind !== 'pool');

describe('packed weights', () => {
  it('read back as a shader reads them, they are the dense weights, and zero elsewhere', () => {
    let grouped = 0;
    let several = 0;
    fc.assert(
      fc.property(recipes, (recipe) => {
        const network = randomNetwork(recipe);
        for (const layer of weightedLayers(network)) {
          const packed = { ...layWeights(network, layer), data: packWeights(network, layer) };
          expect(packed.tileWords % 4).toBe(0);
          expect(packed.data.length).toBe(Math.ceil(layer.shape.channels / 8) * packed.tileWords);
          if (layer.terms.filter(({ operator }) => operator.type === 'convolution').length > 1) several++;
          layer.terms.forEach(({ operator, source }, t) => {
            if (operator.type === 'identity') {
              expect(packed.termOffsets[t]).toBe(-1);
              return;
            }
            if (operator.groups > 1) grouped++;
            const inputs = sourceShape(network, source).channels;
            const places = operator.window.kernel[0] * operator.window.kernel[1];
            const columns = inputs / operator.groups;
            const dense = unpack(packed, layer, t, inputs);
            dense.forEach((channels, o) => {
              const group = Math.floor((o * operator.groups) / layer.shape.channels);
              channels.forEach((row, c) => {
                row.forEach((w, place) => {
                  const inGroup = o < layer.shape.channels && Math.floor(c / columns) === group;
                  const expected = inGroup ? operator.weights[(o * columns + (c % columns)) * places + place] : 0;
                  if (w !== expected) expect({ layer: layer.name, o, c, place, w }).toBe(expected);
                });
              });
            });
          });
        }
      }),
      { numRuns: 120, seed: 47, endOnFailure: true },
    );
    expect(grouped).toBeGreaterThan(10);
    expect(several).toBeGreaterThan(10);
  });
});

describe('the table of channels', () => {
  it('the bias on stored pixels is the bias on q, whatever the pixels', () => {
    fc.assert(
      fc.property(recipes, (recipe) => {
        const network = randomNetwork(recipe);
        for (const layer of weightedLayers(network)) {
          const data = packChannels(network, layer, () => 0);
          const { rows } = layChannels(layer);
          for (let o = 0; o < layer.shape.channels; o++) {
            // every source sends 5 in all channels and places (pixels: 5, whatever the zero point)
            let values = layer.bias[o];
            let stored = data[o * 4];
            layer.terms.forEach(({ source, operator }, t) => {
              const zero = (c: number) => (source < 0 ? network.input.units.zero[c] : 0);
              const [shift, weight] = data.subarray((rows[t] + o) * 4);
              expect(shift).toBe(layer.terms[t].shifts[o]);
              const times = 2 ** shift;
              if (operator.type === 'identity') {
                expect(weight).toBe(operator.weights[o]);
                values += weight * (5 - zero(o)) * times;
                stored += weight * 5 * times;
                return;
              }
              const row = operator.weights.length / layer.shape.channels;
              const places = operator.window.kernel[0] * operator.window.kernel[1];
              const columns = row / places;
              const group = Math.floor((o * operator.groups) / layer.shape.channels);
              for (let i = 0; i < row; i++) {
                const w = operator.weights[o * row + i];
                values += w * (5 - zero(group * columns + Math.floor(i / places))) * times;
                stored += w * 5 * times;
              }
            });
            expect(stored, `${layer.name}, channel ${o}`).toBe(values);
            if (layer.kind === 'readout') expect([...data.subarray(o * 4 + 1, o * 4 + 4)]).toEqual([0, 0, 0]);
            else expect(data[o * 4 + 1]).toBe(layer.gridBits[o]);
          }
        }
      }),
      { numRuns: 100, seed: 53, endOnFailure: true },
    );
  });
});
