import {
  type Ann,
  type AnnLayer,
  type AnnTerm,
  type Convolution,
  INPUT,
  type Shape,
  sourceShape,
  windowOutput,
} from '../src/ann/ann.ts';
import { type Seeded, seeded } from '../src/ann/build.ts';
import type { SpikingNetwork } from '../src/network/network.ts';
import { quantize } from '../src/quantize/quantize.ts';

/**
 * Networks of any size with random weights, as plain `Ann` data: for what depends on shapes alone (memory, speed). He-scaled
 * (uniform in ±√(6 / fan-in)), so that activations neither die out nor grow with depth and every layer spikes.
 */

/** A VGG-16 with batch norms folded: 13 convolutions, five 2×2 maxima, two hidden linear layers. */
export interface VggOptions {
  /** Channels as a multiple of the original's 64 … 512. */
  readonly width: number;
  /** Neurons of each hidden linear layer. */
  readonly hidden: number;
  readonly classes: number;
  /** Pixels of a side; a multiple of 32. */
  readonly resolution: number;
}

/** A residual network of two-convolution blocks. */
export interface ResnetOptions {
  /** 18 or 34: ImageNet's form (7×7 stem, four stages); 6n + 2: CIFAR's (3×3 stem, three stages). */
  readonly depth: number;
  /** Channels as a multiple of the original's (64 … 512, or 16 … 64). */
  readonly width: number;
  /** Pixels of a side. */
  readonly resolution: number;
  readonly classes: number;
}

/** A convolution's form; padding keeps the size at stride 1 unless given. */
export interface ConvolutionForm {
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
  readonly pad?: number;
  readonly groups?: number;
  /** Factor on the weights (default 1). */
  readonly gain?: number;
}

/** A convolution with He-scaled random weights. */
export function randomConvolution(random: Seeded, form: ConvolutionForm): Convolution<Float32Array> {
  const { inputs, outputs, kernel, stride, pad = (kernel - 1) >> 1, groups = 1, gain = 1 } = form;
  const fanIn = (inputs / groups) * kernel * kernel;
  const bound = gain * Math.sqrt(6 / fanIn);
  const weights = new Float32Array(outputs * fanIn);
  for (let i = 0; i < weights.length; i++) weights[i] = (2 * random.real() - 1) * bound;
  const window = { kernel: [kernel, kernel], stride: [stride, stride], pads: [pad, pad, pad, pad], dilation: [1, 1] } as const;
  return { type: 'convolution', weights, window, groups };
}

/** Factor on weights behind a maximum, whose values are larger than those it was taken of. */
const AFTER_MAXIMUM = 0.55;

/** Channels of VGG-16, stage by stage; a maximum behind each. */
const VGG_STAGES = [
  [64, 64],
  [128, 128],
  [256, 256, 256],
  [512, 512, 512],
  [512, 512, 512],
] as const;

/** VGG-16 with random weights. */
export function vgg16({ width, hidden, classes, resolution }: VggOptions): Ann {
  const net = builder(`vgg16 ×${width}, hidden ${hidden}, ${resolution}²`, resolution);
  VGG_STAGES.forEach((stage, s) => {
    stage.forEach((channels, i) => {
      const gain = i === 0 && s > 0 ? AFTER_MAXIMUM : 1;
      net.neurons(`stage${s + 1}.${i}`, Math.round(channels * width), [net.convolve(net.last(), 3, 1, { gain })]);
    });
    net.pool(`stage${s + 1}.pool`, 'max', 2, 2, 0);
  });
  const side = resolution / 32;
  net.neurons('hidden1', hidden, [net.convolve(net.last(), side, 1, { pad: 0, gain: AFTER_MAXIMUM })]);
  net.neurons('hidden2', hidden, [net.convolve(net.last(), 1, 1)]);
  return net.readout(classes);
}

/** Blocks of each stage: ImageNet's networks, or the same in each of CIFAR's three. */
const IMAGENET_STAGES: Readonly<Record<number, readonly number[]>> = { 18: [2, 2, 2, 2], 34: [3, 4, 6, 3] };

/**
 * A residual network with random weights; shortcuts that change the shape are 1×1 convolutions.
 * @throws RangeError for a depth that has no such network
 */
export function resnet({ depth, width, resolution, classes }: ResnetOptions): Ann {
  const imagenet = IMAGENET_STAGES[depth];
  const cifarBlocks = (depth - 2) / 6;
  if (!imagenet && !(Number.isInteger(cifarBlocks) && cifarBlocks > 0)) {
    throw new RangeError(`resnet: depth ${depth} is neither 18, 34 nor 6n + 2`);
  }
  const stages = imagenet ?? [cifarBlocks, cifarBlocks, cifarBlocks];
  const first = (imagenet ? 64 : 16) * width;
  const net = builder(`resnet${depth} ×${width}, ${resolution}²`, resolution);
  net.neurons('stem', first, [net.convolve(INPUT, imagenet ? 7 : 3, imagenet ? 2 : 1)]);
  if (imagenet) net.pool('stem.pool', 'max', 3, 2, 1);
  stages.forEach((blocks, s) => {
    for (let b = 0; b < blocks; b++) {
      const channels = Math.round(first * 2 ** s);
      const stride = s > 0 && b === 0 ? 2 : 1;
      const source = net.last();
      const gain = imagenet && s === 0 && b === 0 ? AFTER_MAXIMUM : 1;
      net.neurons(`stage${s + 1}.${b}.a`, channels, [net.convolve(source, 3, stride, { gain })]);
      const shortcut = stride > 1 ? net.convolve(source, 1, 2) : net.identity(source);
      // a branch that adds little keeps the sum of many blocks within the scale
      const branch = net.convolve(net.last(), 3, 1, { gain: 1 / blocks });
      net.neurons(`stage${s + 1}.${b}.b`, channels, [branch, shortcut]);
    }
  });
  const side = net.shapeOf(net.last()).height;
  net.pool('average', 'average', side, 1, 0);
  return net.readout(classes);
}

/** λ of every layer of a network with random weights. */
const SCALE = 4;

/** The spiking network of random weights, without calibration: one scale for all layers, pixels normalised to about 0 ± 1. */
export const spiking = (ann: Ann, phaseBits = 4): SpikingNetwork =>
  quantize(ann, { phaseBits, initial: 'half', scales: ann.layers.map(() => SCALE), mean: [0.5], std: [0.29] });

/** A term before the layer that it belongs to knows its number of channels. */
type Term = (outputs: number) => AnnTerm;

/** Appends layers to a network one by one. */
function builder(name: string, resolution: number) {
  const random = seeded(34);
  const input: Shape = { channels: 3, height: resolution, width: resolution };
  const layers: AnnLayer[] = [];
  const shapeOf = (source: number): Shape => sourceShape({ input, layers }, source);
  const last = (): number => layers.length - 1;
  const convolve =
    (source: number, kernel: number, stride: number, form: Pick<ConvolutionForm, 'pad' | 'gain'> = {}): Term =>
    (outputs) => ({
      source,
      operator: randomConvolution(random, { inputs: shapeOf(source).channels, outputs, kernel, stride, ...form }),
    });
  const identity =
    (source: number): Term =>
    (outputs) => ({ source, operator: { type: 'identity', weights: new Float32Array(outputs).fill(1) } });
  const neurons = (layer: string, channels: number, parts: readonly Term[]): void => {
    const terms = parts.map((part) => part(channels));
    const [{ source, operator }] = terms;
    const [height, width] =
      operator.type === 'identity'
        ? [shapeOf(source).height, shapeOf(source).width]
        : windowOutput(shapeOf(source), operator.window);
    const bias = Float32Array.from({ length: channels }, () => random.real() * 0.1);
    layers.push({ kind: 'neurons', name: layer, shape: { channels, height, width }, terms, bias, ceiling: Infinity });
  };
  const pool = (layer: string, mode: 'max' | 'average', kernel: number, stride: number, pad: number): void => {
    const source = last();
    const window = { kernel: [kernel, kernel], stride: [stride, stride], pads: [pad, pad, pad, pad], dilation: [1, 1] } as const;
    const [height, width] = windowOutput(shapeOf(source), window);
    const shape = { channels: shapeOf(source).channels, height, width };
    layers.push({ kind: 'pool', name: layer, shape, source, mode, window, countIncludePad: true });
  };
  const readout = (classes: number): Ann => {
    const terms = [convolve(last(), 1, 1)(classes)];
    const shape = { channels: classes, height: 1, width: 1 };
    layers.push({ kind: 'readout', name: 'readout', shape, terms, bias: new Float32Array(classes) });
    return { name, input, layers };
  };
  return { convolve, identity, neurons, pool, readout, last, shapeOf };
}
