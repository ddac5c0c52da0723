import { describe, expect, it } from 'vitest';
import { formatLayers } from '../../src/cli/print-layers.ts';
import type { EvaluationResult, LayerFigures } from '../../src/evaluate/result.ts';

const layer = (name: string, over: Partial<LayerFigures> = {}): LayerFigures => ({
  name,
  neurons: 16384,
  spikesPerImage: 20_000,
  gridBits: [3, 5],
  sin: 0.0117,
  sinOfSpiking: 0.03,
  inactive: 0.6,
  silent: 0.675,
  saturated: 0.0013,
  spikesPerNeuron: 1.22,
  meanError: -0.001,
  meanAbsoluteError: 0.0052,
  correlation: 0.9948,
  synapticOperations: 1e6,
  ...over,
});

const readout: LayerFigures = { name: 'readout', neurons: 10, spikesPerImage: 0, gridBits: [4, 4] };

const energy = {
  synapticOperations: 66_011_902,
  inputMacs: 442_368,
  snnNanojoules: 61_445,
  annMacs: 40_813_184,
  annNanojoules: 187_740,
};
const diagnosis = { images: 128, sin: 0.008, spikesPerImage: 20_000, energy, seconds: 1 };

describe('formatLayers', () => {
  it('prints the layers that fire, and what they add up to', () => {
    const result = { layers: [layer('stem'), layer('/blocks/blocks.0/relu1/Relu', { correlation: null }), readout], diagnosis };
    expect(formatLayers(result, false)).toMatchInlineSnapshot(`
      "
        layer                    neurons  spikes     SIN  silent   full   error  corr.
        stem                      16,384    1.22   1.17%  67.50%  0.13%  0.0052  0.995
        …s/blocks.0/relu1/Relu    16,384    1.22   1.17%  67.50%  0.13%  0.0052

        SIN         0.80 % of the neurons spike where the ANN's activation is 0
        columns     means over 128 images; spikes: a neuron; full: fires in every
                    phase; error: distance to the activation, of λ
        operations  66 M synaptic an image; ANN 40.8 M multiply-adds
        energy      61.4 µJ an image, ANN 188 µJ (arithmetic alone, 45 nm)
      "
    `);
  });

  it('leaves the figures out that were not asked for', () => {
    const { name, neurons, spikesPerImage, gridBits } = layer('stem');
    const text = formatLayers({ layers: [{ name, neurons, spikesPerImage, gridBits }, readout], diagnosis: null }, false);
    expect(text.split('\n')).toHaveLength(4);
    expect(text).not.toMatch(/undefined|NaN|%/);
  });

  it.each<[string, Pick<EvaluationResult, 'layers' | 'diagnosis'>]>([
    ['long names', { layers: [layer('n'.repeat(200)), readout], diagnosis }],
    [
      'all shares at their greatest',
      { layers: [layer('a', { sin: 1, silent: 1, saturated: 1, neurons: 9_999_999, spikesPerImage: 9e9 }), readout], diagnosis },
    ],
    ['many images', { layers: [layer('a'), readout], diagnosis: { ...diagnosis, images: 1e9, sin: 1 } }],
  ])('fits 80 columns with %s', (_, result) => {
    expect(
      formatLayers(result, false)
        .split('\n')
        .filter((line) => line.length > 80),
    ).toEqual([]);
  });
});
