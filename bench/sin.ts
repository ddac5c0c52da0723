/**
 * node scripts/run-ts.mjs bench/sin.ts MODEL.onnx DATASET IMAGES [OUT.json]: where the SIN that bistable neurons have left come
 * from. Prints, for several K and starts, the SIN ratio and how far below zero the trained network's pre-activations of SIN
 * neurons are, in units of the word's last bit (λ·2^-K), beside those of all inactivated neurons.
 */
import { writeFileSync } from 'node:fs';
import { type Ann, type AnnLayer, type AnnTerm, INPUT, shapeSize } from '../src/ann/ann.ts';
import { convert } from '../src/convert/convert.ts';
import { openDataSet } from '../src/data/open.ts';
import { readSidecar } from '../src/data/sidecar.ts';
import type { Device } from '../src/gpu/device.ts';
import { openDevice } from '../src/gpu/node.ts';
import type { SpikingNetwork, SpikingNeurons } from '../src/network/network.ts';
import { readActivations } from '../src/observe/activations.ts';
import { readWords } from '../src/observe/words.ts';
import { importOnnx } from '../src/onnx/import.ts';
import { AnnSession } from '../src/run/ann-session.ts';
import { Session } from '../src/run/session.ts';
import { sliceSource } from '../src/run/source.ts';

/** Upper edges of the distances below zero, in last bits; the last bin has the rest. */
const EDGES = [0.25, 0.5, 1, 2, 4, 8];
const CALIBRATION = 500;
const BATCH = 25;
const SETTINGS = [
  { phaseBits: 4, initial: 'half', waves: 1 },
  { phaseBits: 4, initial: 'half', waves: 4 },
  { phaseBits: 4, initial: 'zero', waves: 1 },
  { phaseBits: 4, initial: 'zero', waves: 4 },
  { phaseBits: 4, initial: 'half', waves: 1, percentile: 100 },
  { phaseBits: 6, initial: 'half', waves: 1 },
  { phaseBits: 8, initial: 'half', waves: 1 },
  { phaseBits: 8, initial: 'half', waves: 1, percentile: 100 },
] as const;

const negated = ({ source, operator }: AnnTerm): AnnTerm => ({
  source,
  operator: { ...operator, weights: operator.weights.map((w) => -w) },
});

/**
 * The network with a twin of each layer of neurons just before the readout: relu(−pre-activation), which is how far below zero
 * an inactivated neuron is.
 * @returns the twin of each layer; -1 for pools and readout
 */
function withTwins(ann: Ann): { ann: Ann; twins: number[] } {
  const layers: AnnLayer[] = ann.layers.slice(0, -1);
  const twins = ann.layers.map((layer) => {
    if (layer.kind !== 'neurons') return -1;
    const twin = { ...layer, name: `${layer.name} below zero`, terms: layer.terms.map(negated), bias: layer.bias.map((b) => -b) };
    return layers.push({ ...twin, ceiling: Number.POSITIVE_INFINITY }) - 1;
  });
  return { ann: { ...ann, layers: [...layers, ann.layers[ann.layers.length - 1]] }, twins };
}

/** Inactivated neurons by how far below zero they are, and how many of them spiked. */
interface Distances {
  pairs: number;
  readonly inactive: number[];
  readonly sin: number[];
  /** Inactivated neurons and SIN of channels whose weights add up to less than 0, and of the others. */
  readonly signs: { inactive: number; sin: number }[];
}

/** Whether the weights of each channel add up to less than 0: what a common error of all words does to its sum. */
function negativeChannels({ terms, shape }: SpikingNeurons): boolean[] {
  const sums = new Float64Array(shape.channels);
  for (const { source, operator } of terms) {
    if (source === INPUT) continue;
    const row = operator.weights.length / shape.channels;
    operator.weights.forEach((w, i) => {
      sums[Math.floor(i / row)] += w;
    });
  }
  return Array.from(sums, (sum) => sum < 0);
}

async function measure(
  device: Device,
  trained: AnnSession,
  twins: readonly number[],
  network: SpikingNetwork,
  waves: number,
  pixels: Uint8Array,
) {
  const session = await Session.create(device, network, { batch: BATCH, waves, keepWords: true });
  const found: Distances = {
    pairs: 0,
    inactive: new Array(EDGES.length + 1).fill(0),
    sin: new Array(EDGES.length + 1).fill(0),
    signs: [
      { inactive: 0, sin: 0 },
      { inactive: 0, sin: 0 },
    ],
  };
  const size = shapeSize(network.input.shape);
  for (let first = 0; first < pixels.length; first += BATCH * size) {
    const chunk = pixels.subarray(first, first + BATCH * size);
    const images = chunk.length / size;
    await trained.classify(chunk);
    await session.classify(chunk);
    for (const [l, twin] of twins.entries()) {
      const layer = network.layers[l];
      if (layer.kind !== 'neurons') continue;
      const above = await readActivations(trained, l, images);
      const below = await readActivations(trained, twin, images);
      const words = await readWords(session, l, images);
      const negative = negativeChannels(layer);
      const area = layer.shape.height * layer.shape.width;
      found.pairs += above.length;
      above.forEach((a, i) => {
        if (a > 0) return;
        const bin = EDGES.findIndex((edge) => below[i] / layer.units.unit[Math.floor(i / area) % negative.length] < edge);
        const at = bin < 0 ? EDGES.length : bin;
        found.inactive[at]++;
        const sign = found.signs[negative[Math.floor(i / area) % negative.length] ? 0 : 1];
        sign.inactive++;
        for (let w = i; w < words.length; w += above.length) {
          if (words[w] === 0) continue;
          found.sin[at]++;
          sign.sin++;
          return;
        }
      });
    }
  }
  session.dispose();
  return found;
}

const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)}%`;
const total = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);

async function main([model, spec, count, out]: readonly string[]): Promise<void> {
  const device = await openDevice();
  const { evaluation } = await openDataSet(spec);
  const images = Number(count);
  const { mean = [0], std = [1] } = (await readSidecar(model)) ?? {};
  const ann = await importOnnx(model);
  const { ann: both, twins } = withTwins(ann);
  const trained = await AnnSession.create(device, both, { mean, std, batch: BATCH, keepCells: true });
  const pixels = await evaluation.read(0, images);
  const calibration = sliceSource(evaluation, images, Math.min(CALIBRATION, evaluation.count - images));
  const rows = [];
  const bins = EDGES.map((edge) => `<${edge}`).concat(`≥${EDGES[EDGES.length - 1]}`);
  console.log(`${ann.name}, ${images} images. Distances below zero in last bits: ${bins.join(', ')}`);
  for (const { waves, ...setting } of SETTINGS) {
    const network = await convert(device, ann, calibration, { ...setting, mean, std });
    const { pairs, inactive, sin, signs } = await measure(device, trained, twins, network, waves, pixels);
    rows.push({ ...setting, waves, sinRatio: total(sin) / pairs, inactive, sin, signs });
    console.log(`\n${JSON.stringify({ ...setting, waves })}: SIN ratio ${((100 * total(sin)) / pairs).toFixed(2)} %`);
    console.log(`  inactivated neurons  ${inactive.map((n) => percent(n, total(inactive)).padStart(7)).join('')}`);
    console.log(`  SIN neurons          ${sin.map((n) => percent(n, total(sin)).padStart(7)).join('')}`);
    const bySign = signs.map((one) => percent(one.sin, one.inactive));
    console.log(`  SIN of inactivated   where weights add up to less than 0: ${bySign[0]}, else: ${bySign[1]}`);
    console.log(`  SIN of inactivated   ${sin.map((n, i) => percent(n, inactive[i]).padStart(7)).join('')}`);
  }
  if (out) writeFileSync(out, `${JSON.stringify({ model: ann.name, images, edges: EDGES, rows }, null, 2)}\n`);
  trained.dispose();
  device.dispose();
}

await main(process.argv.slice(2));
