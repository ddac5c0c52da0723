import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatInspection } from '../../src/cli/print-inspection.ts';
import { gridFigures, realBias, realTerm } from '../../src/evaluate/grid.ts';
import { inspectSaved, inspectTrained } from '../../src/evaluate/inspect.ts';
import type { SpikingNeurons } from '../../src/network/network.ts';
import { importWithGraph } from '../../src/onnx/import.ts';
import { quantize } from '../../src/quantize/quantize.ts';
import { ann, convolution, map, neurons, onGrid, readout, residual, residualAnn, SAME, square } from '../network/hand-made.ts';

const OPTIONS = { batch: 16, waves: 2 };
const MODEL = 'datasets/models/mnist-resnet.onnx';

describe('the integer grid of a layer', () => {
  it('stands for weights and biases within half of its step', () => {
    const net = residualAnn();
    const network = residual();
    for (const [l, layer] of network.layers.entries()) {
      const trained = net.layers[l];
      if (layer.kind === 'pool' || trained.kind === 'pool') continue;
      layer.terms.forEach((term, i) => {
        const { operator } = term;
        const ones = { ...term, operator: { ...operator, weights: operator.weights.map(() => 1) } } as typeof term;
        const [real, step] = [realTerm(network, layer, term), realTerm(network, layer, ones).operator.weights];
        expect(real.source).toBe(trained.terms[i].source);
        real.operator.weights.forEach((w, j) => {
          expect(Math.abs(w - trained.terms[i].operator.weights[j]) / step[j]).toBeLessThan(0.501);
        });
      });
      // what the rounded zero point leaves over goes into biases of layers that read the input
      if (layer.terms.some(({ source }) => source < 0)) continue;
      const unit = realBias({ ...layer, bias: layer.bias.map(() => 1) });
      realBias(layer).forEach((b, o) => {
        expect(Math.abs(b - trained.bias[o]) / unit[o]).toBeLessThan(0.501);
      });
    }
  });

  it('counts bits with their sign, without rows of zeros, and the bound', () => {
    const net = ann(map(1, 1), [
      neurons('first', map(3, 1), [convolution(-1, [1, 1, 1])]),
      neurons('second', map(2, 1), [convolution(0, [0, 0, 0, 0.25, -1, 0.5])]),
      readout(2, [convolution(1, [1, 1, 1, 1])]),
    ]);
    const network = onGrid(net);
    const layer = network.layers[1] as SpikingNeurons;
    const weights = [0, 0, 0, 3, -15, 7];
    const changed = {
      ...layer,
      terms: [{ ...layer.terms[0], operator: { ...layer.terms[0].operator, weights: Int8Array.from(weights) } }],
    };
    const { weightBits, rows, zeroRows, boundBits } = gridFigures(network, changed as SpikingNeurons);
    expect(weightBits).toEqual({ least: 5, median: 5 });
    expect({ rows, zeroRows }).toEqual({ rows: 2, zeroRows: 1 });
    expect(boundBits).toBe(Math.log2((3 + 15 + 7) * 15));
  });
});

describe('inspection', () => {
  it('lists a trained network, and what became of its operators', async () => {
    const { ann: net, graph } = await importWithGraph(MODEL);
    const found = inspectTrained(net, graph, { mean: [0.1307], std: [0.3081] }, OPTIONS);
    const { totals, operators, plan, layers } = found;
    expect(totals.layers).toBe(net.layers.length);
    expect(totals.neurons).toBe(42_336);
    expect(totals.macs).toBe(layers.reduce((sum, { macs }) => sum + macs, 0));
    expect(operators!.reduce((sum, { nodes }) => sum + nodes, 0)).toBe(graph.nodes.length);
    // every layer is named after one node
    expect(operators!.reduce((sum, one) => sum + one.layers, 0)).toBe(net.layers.length);
    expect(operators!.find(({ operator }) => operator === 'Relu')).toMatchObject({ layers: expect.any(Number) });
    expect(plan.batch).toBe(16);
    expect(layers.every(({ spiking }) => spiking === null)).toBe(true);
    const text = formatInspection(found, false);
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(text).toMatch(/opset \d+: Conv/);
  });

  it('has the numbers of a spiking network of every kind of layer', () => {
    const network = residual(12);
    const found = inspectSaved({ network }, OPTIONS);
    const { layers, totals, plan } = found;
    const stem = layers[0];
    expect(stem).toMatchObject({ operators: ['conv 3×3 p1'], sources: [-1], parameters: 12 * 27 + 12, macs: 12 * 27 * 144 });
    // three blocks of four channels, a byte each, two waves
    expect(stem.bytes).toBe(12 * 144 * 2);
    expect(layers[2].operators).toEqual(['conv 3×3 p1', 'identity']);
    expect(layers[2].spiking).toMatchObject({ depth: 3, phases: 4, delays: [0, 1], scale: [2, 2] });
    expect(layers[5]).toMatchObject({ kind: 'pool', operators: ['max 3×3 s2 p1'], parameters: 0, macs: 0 });
    expect(layers[8].operators).toEqual(['linear']);
    expect(totals.macs).toBe(layers.reduce((sum, { macs }) => sum + macs, 0));
    expect(plan.waves).toBe(2);
    expect(plan.bytes).toBeGreaterThan(plan.batch * plan.bytesPerImage);
    const text = formatInspection(found, false);
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it('marks layers whose weights are too coarse, and no others', () => {
    const wide = map(4, 4);
    const small = Array.from({ length: 4 * 4 * 9 }, (_, i) => Math.sin(i));
    const net = ann(map(1, 4), [
      neurons('plain', wide, [convolution(-1, small.slice(0, 36), SAME)]),
      neurons('starved', wide, [convolution(0, small, SAME)]),
      readout(3, [
        convolution(
          1,
          small
            .slice(0, ((3 * 64) / 16) * 4)
            .concat(small)
            .slice(0, 3 * 64),
          square(4),
        ),
      ]),
    ]);
    const network = quantize(net, { phaseBits: 4, initial: 'half', scales: [4, 4, 4], mean: [0.5], std: [0.25] });
    const starved = network.layers[1] as SpikingNeurons;
    const coarse = starved.terms.map((term) => ({
      ...term,
      operator: { ...term.operator, weights: term.operator.weights.map((w) => w >> 4) },
    }));
    const changed = { ...network, layers: network.layers.map((layer, l) => (l === 1 ? { ...starved, terms: coarse } : layer)) };
    const marked = (of: typeof network) => inspectSaved({ network: of }, OPTIONS).layers.filter(({ spiking }) => spiking?.coarse);
    expect(marked(network)).toEqual([]);
    expect(marked(changed as typeof network).map(({ name }) => name)).toEqual(['starved']);
    expect(formatInspection(inspectSaved({ network: changed as typeof network }, OPTIONS), false)).toMatch(
      /! 1 layer has channels/,
    );
  });

  it('fits 80 columns whatever the names', () => {
    const name = 'n'.repeat(120);
    const net = ann(
      map(3, 4),
      [
        neurons(name, map(4, 4), [convolution(-1, new Float32Array(108).fill(0.1), SAME)]),
        readout(2, [convolution(0, new Float32Array(128).fill(0.1), square(4))]),
      ],
      name,
    );
    const text = formatInspection(inspectSaved({ network: onGrid(net) }, OPTIONS), false);
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it('of the package’s own model prints its sidecar’s mean and std', async () => {
    const { ann: net, graph } = await importWithGraph(MODEL);
    const sidecar = JSON.parse(readFileSync(MODEL.replace('.onnx', '.json'), 'utf8'));
    expect(formatInspection(inspectTrained(net, graph, sidecar, OPTIONS), false)).toMatch(
      /mean 0\.1307, std 0\.3081 \(the model’s/,
    );
  });
});
