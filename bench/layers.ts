import { quantize } from '../src/convert/quantize.ts';
import type { Ann, AnnLayer, Convolution } from '../src/graph/ann.ts';
import type { SpikingNetwork } from '../src/network/network.ts';

/** A convolution (or linear layer: one pixel) that is measured alone. */
export interface LayerShape {
  readonly inputs: number;
  readonly outputs: number;
  /** Of the source map, square. */
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  /** The layer reads the pixels. */
  readonly first?: boolean;
  /** How often ResNet-20 has it. */
  readonly inResnet20: number;
}

const shape = (inputs: number, outputs: number, size: number, kernel: number, stride: number, inResnet20 = 0): LayerShape => ({
  inputs,
  outputs,
  size,
  kernel,
  stride,
  inResnet20,
});

/** The layers of ResNet-20 (CIFAR-10), of a slim VGG-16 and linear ones. */
export const LAYERS: readonly LayerShape[] = [
  { ...shape(3, 16, 32, 3, 1, 1), first: true },
  shape(16, 16, 32, 3, 1, 6),
  shape(16, 32, 32, 3, 2, 1),
  shape(16, 32, 32, 1, 2, 1),
  shape(32, 32, 16, 3, 1, 5),
  shape(32, 64, 16, 3, 2, 1),
  shape(32, 64, 16, 1, 2, 1),
  shape(64, 64, 8, 3, 1, 5),
  shape(128, 128, 4, 3, 1),
  shape(128, 128, 2, 3, 1),
  shape(64, 64, 8, 1, 1),
  shape(512, 512, 1, 1, 1),
];

export const layerName = ({ inputs, outputs, size, kernel, stride }: LayerShape): string =>
  size === 1
    ? `linear ${inputs}→${outputs}`
    : `${kernel}×${kernel} ${inputs}→${outputs} ${size}²${stride > 1 ? ` stride ${stride}` : ''}`;

/** Small pseudo-random numbers: the same network every time. */
export function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
}

/** A network around one layer with random weights: the layer is number `layer`; before it, a 1×1 convolution makes words. */
export function layerNetwork(s: LayerShape, phaseBits = 4): { readonly network: SpikingNetwork; readonly layer: number } {
  const random = generator(s.inputs * 31 + s.outputs * 17 + s.size);
  const convolution = (inputs: number, outputs: number, kernel: number, stride: number): Convolution<Float32Array> => {
    const bound = Math.sqrt(6 / (inputs * kernel * kernel));
    const pad = (kernel - 1) >> 1;
    return {
      type: 'convolution',
      weights: Float32Array.from({ length: outputs * inputs * kernel * kernel }, () => (2 * random() - 1) * bound),
      window: { kernel: [kernel, kernel], stride: [stride, stride], pads: [pad, pad, pad, pad], dilation: [1, 1] },
      groups: 1,
    };
  };
  const layers: AnnLayer[] = [];
  const neurons = (name: string, inputs: number, outputs: number, size: number, kernel: number, stride: number) =>
    layers.push({
      kind: 'neurons',
      name,
      shape: { channels: outputs, height: size, width: size },
      terms: [{ source: layers.length - 1, operator: convolution(inputs, outputs, kernel, stride) }],
      bias: Float32Array.from({ length: outputs }, () => random() * 0.2),
      ceiling: Infinity,
    });
  if (!s.first) neurons('stem', 3, s.inputs, s.size, 1, 1);
  const size = Math.ceil(s.size / s.stride);
  neurons(layerName(s), s.inputs, s.outputs, size, s.kernel, s.stride);
  const layer = layers.length - 1;
  const window = { kernel: [size, size], stride: [1, 1], pads: [0, 0, 0, 0], dilation: [1, 1] } as const;
  layers.push(
    {
      kind: 'pool',
      name: 'average',
      shape: { channels: s.outputs, height: 1, width: 1 },
      source: layer,
      mode: 'average',
      window,
      countIncludePad: true,
    },
    {
      kind: 'readout',
      name: 'readout',
      shape: { channels: 2, height: 1, width: 1 },
      terms: [{ source: layer + 1, operator: convolution(s.outputs, 2, 1, 1) }],
      bias: new Float32Array(2),
    },
  );
  const input = { channels: 3, height: s.size, width: s.size };
  const ann: Ann = { name: layerName(s), input, layers };
  const network = quantize(ann, { phaseBits, initial: 'half', scales: layers.map(() => 2), mean: [0.5], std: [0.25] });
  return { network, layer };
}
