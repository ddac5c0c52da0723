import { INPUT, type Window } from '../ann/ann.ts';
import type { SpikingNetwork, SpikingNeurons, SpikingTerm } from '../network/network.ts';
import { layerMacs } from '../network/work.ts';
import { fitsHalvesOnGrid } from './exact.ts';
import { blocksOf, POINT } from './geometry.ts';
import type { Dispatch, Share } from './kernel.ts';
import type { Kind } from './ways.ts';
import type { WeightLayout } from './weights.ts';
import { layerParameters, type WordsContext } from './words.ts';

/** Images (or every fourth pixel) in the lanes of a vector, and pixels of each that one invocation computes. */
const LANES = 4;
const PIXELS = 4;

/** Whether every neuron of a layer reads its own channel of each source: depthwise convolutions, beside which identities may stand. Pure. */
export function isDepthwise({ terms, shape }: SpikingNeurons): boolean {
  const isOwn = ({ operator }: SpikingTerm) =>
    operator.type === 'identity' ||
    (operator.groups > 1 &&
      operator.groups === shape.channels &&
      operator.weights.length === shape.channels * tapsOf(operator.window));
  return terms.some(({ operator }) => operator.type === 'convolution') && terms.every(isOwn);
}

const tapsOf = ({ kernel }: Window): number => kernel[0] * kernel[1];

/** The window of a term; an identity is a convolution of one tap. */
const windowOf = ({ operator }: SpikingTerm): Window => (operator.type === 'identity' ? POINT : operator.window);

/** How the weights of a depthwise layer lie: [block of 4 channels][term][ky][kx][4 channels], an i32 each. */
export function layTaps({ terms }: Pick<SpikingNeurons, 'terms'>): WeightLayout {
  let tileWords = 0;
  const termOffsets = terms.map((term) => {
    const { kernel } = windowOf(term);
    tileWords += kernel[0] * kernel[1] * 4;
    return tileWords - kernel[0] * kernel[1] * 4;
  });
  return { termOffsets, termBlocks: terms.map(() => 1), tileWords };
}

/** Packs the weights of a depthwise layer, each shifted to the membrane's grid: w · 2^s. What is beyond the last channel is 0. */
export function packTaps(layer: SpikingNeurons): Int32Array<ArrayBuffer> {
  const { termOffsets, tileWords } = layTaps(layer);
  const data = new Int32Array(blocksOf(layer.shape.channels) * tileWords);
  layer.terms.forEach(({ operator, shifts }, t) => {
    const taps = operator.weights.length / layer.shape.channels;
    operator.weights.forEach((weight, i) => {
      const channel = Math.floor(i / taps);
      data[(channel >> 2) * tileWords + termOffsets[t] + (i % taps) * 4 + (channel & 3)] = weight * 2 ** shifts[channel];
    });
  });
  return data;
}

/** How the kernel adds a term up. */
function kindOf(term: SpikingTerm): Kind {
  const { kernel, stride, dilation } = windowOf(term);
  if (kernel[1] !== 3 || dilation[0] * dilation[1] !== 1) return 'convolution';
  return stride[1] === 1 ? 'rows' : stride[1] === 2 ? 'strided' : 'convolution';
}

/** Whether the shader's `halves` compute a depthwise layer: kernels 3 wide, and sums that fit 16 bits. Pure. */
export function suitsHalves(network: SpikingNetwork, layer: SpikingNeurons): boolean {
  const largest = (source: number) => (source === INPUT ? 255 : network.layers[source].units.most);
  return layer.terms.every((term) => kindOf(term) !== 'convolution') && fitsHalvesOnGrid(layer, largest);
}

/**
 * A layer each of whose neurons reads one channel of every source: a dispatch for every share of its weights (`shaders/depthwise.wgsl`).
 * @param shares of blocks of 4 channels
 * @param halves two rows of pixels an invocation, and two sums in an integer: where `suitsHalves`
 * @param membranes first entry where membranes are kept; null where they are not
 */
export function depthwise(
  context: WordsContext,
  layer: SpikingNeurons,
  l: number,
  shares: readonly Share[],
  table: Share,
  halves: boolean,
  membranes: number | null,
): Dispatch[] {
  const { batch, waves } = context;
  const { shape, name } = layer;
  const kinds = layer.terms.map(kindOf);
  const wide = batch % LANES === 0;
  const lanes = wide ? batch / LANES : batch;
  const tilesX = Math.ceil(shape.width / (wide ? PIXELS : LANES * PIXELS));
  const common = {
    ...layerParameters(context, layer, l, kinds, PIXELS, layTaps(layer)),
    ...{ lanes, tilesX },
    membranes: membranes ?? 0,
  };
  const macs = layerMacs(layer) * batch * waves;
  return shares.map(
    (share): Dispatch => ({
      kernel: 'depthwise',
      layer: l,
      name,
      variant: {
        wide,
        rows: kinds.includes('rows'),
        strided: kinds.includes('strided'),
        window: kinds.includes('convolution'),
        halves,
        uniformWeights: share.uniform,
        uniformTable: table.uniform,
        broadcast: true,
        keepMembranes: membranes !== null,
      },
      parameters: { ...common, firstTile: share.first, tiles: share.tiles },
      ranges: { weights: share.range, channels: table.range },
      invocations: lanes * tilesX * Math.ceil(shape.height / (halves ? 2 : 1)),
      tiles: share.tiles,
      macs: (macs * share.tiles) / blocksOf(shape.channels),
    }),
  );
}
