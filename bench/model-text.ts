import { shapeSize } from '../src/ann/ann.ts';
import type { SpikingNetwork } from '../src/network/network.ts';
import { planWords } from '../src/plan/words/plan.ts';
import { type Card, costs, foresee, type LayerCost } from './model.ts';
import { resnet, spiking, vgg16 } from './networks.ts';
import type { StoredResult } from './result.ts';
import { digits } from './table.ts';

/** A card's limits and capabilities, as most have them: what a plan for it depends on. */
const LIMITS = { maxStorageBufferBindingSize: 2 ** 31 - 4, maxBufferSize: 2 ** 31, maxUniformBufferBindingSize: 65536 };
const CAPABILITIES = { software: false, packedDot: true, fastDot: true, matrix: null, registers: 255 } as const;

/** Cards of which rates are given and none is measured yet. */
const GIVEN: readonly Card[] = [
  // 132 multiprocessors × 64 dot products of 4 bytes × 1.74 GHz
  { name: 'Hopper, dot products', gmacs: 58_800, gbps: 3350, dispatchUs: 3.6, uploadGbps: 25 },
  { name: 'Hopper, matrix units', gmacs: 990_000, gbps: 3350, dispatchUs: 3.6, uploadGbps: 25 },
  // 96 units × 8 lanes × 4 × 1.3 GHz
  { name: 'integrated, 96 units', gmacs: 4000, gbps: 60, dispatchUs: 10, uploadGbps: 10 },
];

const WAVES = 3;

/** Networks of the model, the most images at once that their plans are made for, and which measured rows are of them. */
const NETWORKS: readonly { name: string; network: () => SpikingNetwork; batch: number; measured?: string }[] = [
  {
    name: 'ResNet-20, 32²',
    network: () => spiking(resnet({ depth: 20, width: 1, resolution: 32, classes: 10 })),
    batch: 1024,
    measured: 'ResNet-20: whole call',
  },
  { name: 'VGG16, 224²', network: () => spiking(vgg16({ width: 1, hidden: 4096, classes: 1000, resolution: 224 })), batch: 64 },
  { name: 'ResNet-34, 224²', network: () => spiking(resnet({ depth: 34, width: 1, resolution: 224, classes: 1000 })), batch: 64 },
];

const TEXT = `## What to expect of a card

A batch takes, summed over the layers *l* of its plan,

    t = Σ max(MACs(l) / R, bytes(l) / B) + dispatches · D        images/s = batch / max(t, pixels / U)

where R is the rate of the unit that multiplies (10⁹ multiply-adds a second), B that of the card's memory (10⁹ bytes a second, read and
written), D the time from one dispatch to the next that waits for it, U the rate of uploads, which go on meanwhile. MACs(l) = waves · Σ weights ·
places (the first layer's once), bytes(l) = its sources' words and its own, a byte each a wave, channels rounded up to 4, each read once, and its
weights. Nothing can be faster; what a kernel reaches of R is in the tables above. K does not occur: a word of K spikes is one byte.
`;

/** The section of docs/performance.md: the formula, and what it says of three networks beside what was measured. Pure. */
export function modelSection(results: readonly StoredResult[]): string {
  const lines = NETWORKS.flatMap(({ name, network: make, batch: most, measured }) => {
    const network = make();
    const options = { capabilities: CAPABILITIES, waves: WAVES };
    const planned = (batch: number) => planWords(network, LIMITS, { ...options, batch });
    const plan = planned(most);
    const layers = costs(network, plan);
    const pixels = shapeSize(network.input.shape);
    const given = GIVEN.map((card) => row(name, card, layers, plan.batch, pixels, ''));
    if (!measured) return given;
    const small = planned(64);
    const known = results.flatMap(({ result }) => {
      const found = result.rows.find((one) => one.name === measured && one.variant === `64 × ${WAVES} waves`);
      if (!found?.imagesPerSecond) return [];
      const { peaks, device, host } = result;
      const card: Card = {
        name: `${device.adapter}${host.vectorBits ? `, ${host.vectorBits} bits` : ''}`,
        gmacs: peaks.fmaGmacs,
        gbps: peaks.copyGbps,
        dispatchUs: peaks.dispatchUs,
        uploadGbps: peaks.copyGbps,
      };
      return [row(name, card, costs(network, small), small.batch, pixels, digits(found.imagesPerSecond))];
    });
    return [...given, ...known];
  });
  return [
    TEXT,
    `Three waves; given rates are those of data sheets, measured ones are the peaks above (f32 multiply-adds on software drivers).`,
    '',
    '| network | card | R | B | D | batch | GMAC an image | MB an image | dispatches | multiply-adds : bytes : dispatches | bound, images/s | measured |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...lines,
    '',
  ].join('\n');
}

function row(network: string, card: Card, layers: readonly LayerCost[], batch: number, pixels: number, measured: string): string {
  const sum = (of: (layer: LayerCost) => number) => layers.reduce((total, layer) => total + of(layer), 0);
  const { parts, gpuSeconds, imagesPerSecond } = foresee(layers, batch, pixels, card);
  const shares = [parts.macs, parts.bytes, parts.dispatches]
    .map((part) => `${((100 * part) / gpuSeconds).toFixed(0)} %`)
    .join(' : ');
  const work = [sum(({ macs }) => macs) / batch / 1e9, sum(({ bytes }) => bytes) / batch / 1e6].map(digits);
  const rates = [digits(card.gmacs), digits(card.gbps), `${digits(card.dispatchUs)} µs`];
  const cells = [
    network,
    card.name,
    ...rates,
    batch,
    ...work,
    sum(({ dispatches }) => dispatches),
    shares,
    digits(imagesPerSecond),
    measured,
  ];
  return `| ${cells.join(' | ')} |`;
}
