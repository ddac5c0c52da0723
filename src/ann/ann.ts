/**
 * The trained network after import and simplification: a list of layers, each one ReLU over a sum of linear terms
 * (or a pool, or the linear readout). Plain data; what `ann/` runs in f32 and `convert/` puts on the integer grid.
 */

import { type Check, isObject, object } from '../checks.ts';

/** The size of a feature map. A vector has height = width = 1. */
export interface Shape {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** A sliding window over a feature map: convolution kernel or pool. All sizes in pixels. */
export interface Window {
  /** [height, width] */
  readonly kernel: readonly [number, number];
  /** [vertical, horizontal] */
  readonly stride: readonly [number, number];
  /** [top, left, bottom, right]; may be asymmetric */
  readonly pads: readonly [number, number, number, number];
  /** [vertical, horizontal] */
  readonly dilation: readonly [number, number];
}

/** Weighted sum over a window. `weights` are [output channel][input channel within the group][kernel y][kernel x]. */
export interface Convolution<Weights> {
  readonly type: 'convolution';
  readonly weights: Weights;
  readonly window: Window;
  readonly groups: number;
}

/** Channel `o` of the source times `weights[o]`, same place: a parameter-free shortcut (or a batch norm's scale). */
export interface Identity<Weights> {
  readonly type: 'identity';
  readonly weights: Weights;
}

/** Index of the source that stands for the network's input. */
export const INPUT = -1;

/** One summand of a layer: a linear operator on the output of an earlier layer. */
export interface AnnTerm {
  /** Index into `Ann.layers` of a neuron or pool layer, or `INPUT`. Always smaller than the layer's own index. */
  readonly source: number;
  readonly operator: Convolution<Float32Array> | Identity<Float32Array>;
}

/** clip(Σ terms + bias, 0, ceiling), rounded where it is quantised: a layer of ReLU neurons. */
export interface AnnNeurons {
  readonly kind: 'neurons';
  /** The ONNX node that the layer's activation (or last linear operator) came from. */
  readonly name: string;
  readonly shape: Shape;
  readonly terms: readonly AnnTerm[];
  /** One real bias a channel. */
  readonly bias: Float32Array;
  /** Upper bound of the activation: Infinity for ReLU, 6 for ReLU6. */
  readonly ceiling: number;
  /** Of a quantised activation: its values are the nearest of the 2^bits − 1 equal steps from 0 to `ceiling`, halves to even. */
  readonly bits?: number;
}

/** Places of a map. */
export const areaOf = ({ height, width }: Pick<Shape, 'height' | 'width'>): number => height * width;

/** What the values of a quantised activation are multiples of; 0 where they are not rounded. */
export const stepOf = ({ ceiling, bits }: Pick<AnnNeurons, 'ceiling' | 'bits'>): number => (bits ? ceiling / (2 ** bits - 1) : 0);

/** Maximum or mean over windows of one earlier layer. */
export interface AnnPool {
  readonly kind: 'pool';
  readonly name: string;
  readonly shape: Shape;
  /** Index of a neuron or pool layer, or `INPUT`. */
  readonly source: number;
  readonly mode: 'max' | 'average';
  readonly window: Window;
  /** Average only: the divisor counts padded places too (or there are none): it is kernel height × width everywhere. */
  readonly countIncludePad: boolean;
}

/** Σ terms + bias without activation: the logits. Always the last layer and the only one of its kind; 1 × 1 in space. */
export interface AnnReadout {
  readonly kind: 'readout';
  readonly name: string;
  readonly shape: Shape;
  readonly terms: readonly AnnTerm[];
  readonly bias: Float32Array;
}

export type AnnLayer = AnnNeurons | AnnPool | AnnReadout;

/** Where the model's file has the channels of its images. */
export type Layout = 'nchw' | 'nhwc';

/** What a network takes. */
export interface ImageShape extends Shape {
  /** The file's own, channels first where it is left out. It decides how arrays are read; images in memory have the channels first always. */
  readonly layout?: Layout;
}

/** What the model's file does to its own input x before anything else: the network takes scale · x + shift, one of each a channel. */
export interface Preprocessing {
  /** Above 0. */
  readonly scale: readonly number[];
  readonly shift: readonly number[];
  /** What a white pixel is in x: 255, or 1 where x is of pixels / 255. */
  readonly white: 1 | 255;
}

/** An imported classifier. */
export interface Ann {
  /** File name without its ending, or the ONNX graph's name. */
  readonly name: string;
  readonly input: ImageShape;
  /** Nothing where it is left out. Mean and std, wherever they are given, make x of pixels. */
  readonly preprocessing?: Preprocessing;
  /** In topological order; the last one is the readout. */
  readonly layers: readonly AnnLayer[];
}

/** Shape of a term's source. */
export function sourceShape(net: { input: Shape | { shape: Shape }; layers: readonly { shape: Shape }[] }, source: number): Shape {
  if (source !== INPUT) return net.layers[source].shape;
  return 'shape' in net.input ? net.input.shape : net.input;
}

/** Number of values of a feature map. */
export const shapeSize = (s: Shape): number => s.channels * s.height * s.width;

/** Height and width of what a window yields on a map of the given size (rounded down, as ONNX does without ceil_mode). */
export function windowOutput(input: Shape, w: Window): readonly [number, number] {
  const size = (axis: 0 | 1, extent: number) =>
    Math.floor((extent + w.pads[axis] + w.pads[axis + 2] - w.dilation[axis] * (w.kernel[axis] - 1) - 1) / w.stride[axis]) + 1;
  return [size(0, input.height), size(1, input.width)];
}

/** The layers (or INPUT) that a layer reads, trained or spiking. */
export const sourcesOf = (
  layer: { readonly kind: 'pool'; readonly source: number } | { readonly terms: readonly { readonly source: number }[] },
): number[] => ('terms' in layer ? layer.terms.map((term) => term.source) : [layer.source]);

/** Index of the last layer that reads each source: the input first, then the layers; −1 where none does. */
export function lastReaders(layers: readonly Parameters<typeof sourcesOf>[0][]): number[] {
  const last = new Array<number>(layers.length + 1).fill(-1);
  layers.forEach((layer, l) => {
    for (const source of sourcesOf(layer)) last[source + 1] = Math.max(last[source + 1], l);
  });
  return last;
}

/** A shape that a caller hands in. */
export const SHAPE: Check = object('a shape of channels, height and width', (value) =>
  [value.channels, value.height, value.width].every((n) => Number.isSafeInteger(n) && (n as number) > 0),
);

/** A trained network that a caller hands in. */
export const ANN: Check = object(
  'a trained network, as importOnnx() gives it',
  ({ input, layers }) => SHAPE.accepts(input) && Array.isArray(layers) && layers.length > 0 && layers.every(isObject),
);
