import { type Ann, type AnnLayer, windowOutput } from '../src/ann/ann.ts';
import { seeded } from '../src/ann/build.ts';
import type { SpikingNetwork } from '../src/network/network.ts';
import { quantize } from '../src/quantize/quantize.ts';
import { type ConvolutionForm, randomConvolution } from './networks.ts';

/** A convolution (or linear layer: one pixel) that is measured alone. */
export interface LayerShape extends ConvolutionForm {
  /** Of the source map, square. */
  readonly size: number;
  /** The layer reads the pixels. */
  readonly first?: boolean;
  /** How often ResNet-20 has it. */
  readonly inResnet20: number;
  /** Images at once, where 64 would take too long. */
  readonly batch?: number;
  /** Measured in every variant, not only in the one that the library chooses. */
  readonly everyVariant?: boolean;
}

const shape = (inputs: number, outputs: number, size: number, kernel: number, stride: number, inResnet20 = 0): LayerShape => ({
  inputs,
  outputs,
  size,
  kernel,
  stride,
  inResnet20,
});

/** The layers of ResNet-20 (CIFAR-10), then large ones of ImageNet's networks, depthwise and linear ones. */
export const LAYERS: readonly LayerShape[] = [
  { ...shape(3, 16, 32, 3, 1, 1), first: true },
  { ...shape(16, 16, 32, 3, 1, 6), everyVariant: true },
  shape(16, 32, 32, 3, 2, 1),
  shape(16, 32, 32, 1, 2, 1),
  shape(32, 32, 16, 3, 1, 5),
  shape(32, 64, 16, 3, 2, 1),
  shape(32, 64, 16, 1, 2, 1),
  { ...shape(64, 64, 8, 3, 1, 5), everyVariant: true },
  shape(128, 128, 4, 3, 1),
  shape(128, 128, 2, 3, 1),
  shape(64, 64, 8, 1, 1),
  { ...shape(3, 64, 224, 7, 2), first: true, batch: 8 },
  { ...shape(3, 64, 224, 11, 4), first: true, pad: 2, batch: 8 },
  { ...shape(256, 256, 14, 3, 1), batch: 16 },
  { ...shape(512, 512, 7, 3, 1), batch: 16 },
  { ...shape(256, 256, 14, 1, 1), batch: 16, everyVariant: true },
  { ...shape(64, 64, 32, 3, 1), groups: 64 },
  { ...shape(64, 64, 32, 3, 2), groups: 64 },
  { ...shape(256, 256, 14, 3, 1), groups: 256 },
  shape(512, 512, 1, 1, 1),
  shape(4096, 4096, 1, 1, 1),
];

/** What a table calls it: `3×3 16→32 32² stride 2`, `3×3 depthwise 64 32²`, `linear 512→512`. */
export function layerName({ inputs, outputs, size, kernel, stride, groups }: LayerShape): string {
  if (size === 1) return `linear ${inputs}→${outputs}`;
  const channels = groups === inputs ? `depthwise ${inputs}` : `${inputs}→${outputs}`;
  return `${kernel}×${kernel} ${channels} ${size}²${stride > 1 ? ` stride ${stride}` : ''}`;
}

/** A network around one layer with random weights: the layer is number `layer`; before it, a 1×1 convolution makes words. */
export function layerNetwork(s: LayerShape, phaseBits = 4): { readonly network: SpikingNetwork; readonly layer: number } {
  const random = seeded(s.inputs * 31 + s.outputs * 17 + s.size);
  const input = { channels: 3, height: s.size, width: s.size };
  const layers: AnnLayer[] = [];
  const neurons = (name: string, form: ConvolutionForm): void => {
    const operator = randomConvolution(random, form);
    const [height, width] = windowOutput(input, operator.window);
    const bias = Float32Array.from({ length: form.outputs }, () => random.real() * 0.2);
    const terms = [{ source: layers.length - 1, operator }];
    layers.push({ kind: 'neurons', name, shape: { channels: form.outputs, height, width }, terms, bias, ceiling: Infinity });
  };
  if (!s.first) neurons('stem', { inputs: 3, outputs: s.inputs, kernel: 1, stride: 1 });
  neurons(layerName(s), s);
  const layer = layers.length - 1;
  const side = layers[layer].shape.height;
  const window = { kernel: [side, side], stride: [1, 1], pads: [0, 0, 0, 0], dilation: [1, 1] } as const;
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
      terms: [{ source: layer + 1, operator: randomConvolution(random, { inputs: s.outputs, outputs: 2, kernel: 1, stride: 1 }) }],
      bias: new Float32Array(2),
    },
  );
  const ann: Ann = { name: layerName(s), input, layers };
  const network = quantize(ann, { phaseBits, initial: 'half', scales: layers.map(() => 2), mean: [0.5], std: [0.25] });
  return { network, layer };
}
