/** How feature maps are parted among invocations, and what all parameter structs say of windows. */
import { areaOf, type Shape, type Window } from '../ann/ann.ts';
import { DeviceError } from '../errors.ts';

/** Output channels of a tile, the least that one invocation computes. */
export const TILE = 8;

export { areaOf };

/** Number of tiles of 8 output channels. */
export const tilesOf = (channels: number): number => Math.ceil(channels / TILE);

/** Number of blocks of 4 channels. */
export const blocksOf = (channels: number): number => Math.ceil(channels / 4);

/** Invocations that share the phases of a wave, 4 each. */
export const quadsOf = (phases: number): number => Math.ceil(phases / 4);

/** Blocks of 4 channels × places of a map. */
export const cellsOf = (shape: Shape): number => blocksOf(shape.channels) * areaOf(shape);

/** Whether tiles of columns are pixels of a row; on narrower maps they are images. */
export const runsAlongRows = (width: number): boolean => width > 2;

/**
 * How tiles of pixels lie on a map: along its rows, or along the images where rows are short. Named as the kernels' parameters.
 * @param pixels pixels (or images) of a tile
 */
export function tileGeometry(
  width: number,
  batch: number,
  pixels: number,
): { readonly lanes: number; readonly stepX: number; readonly stepN: number; readonly tilesX: number } {
  if (runsAlongRows(width)) return { lanes: batch, stepX: 1, stepN: 0, tilesX: Math.ceil(width / pixels) };
  const lanes = Math.ceil(batch / pixels);
  return { lanes, stepX: 0, stepN: lanes, tilesX: width };
}

/** The first block of 4 source channels that a tile of a (grouped) convolution reads. */
export function firstBlock(tile: number, groupOutputs: number, groupInputs: number): number {
  return Math.floor((Math.floor((tile * TILE) / groupOutputs) * groupInputs) / 4);
}

/** Blocks of 4 source channels that one tile of a (grouped) convolution reads, at most. */
export function blocksOfTile(outputs: number, inputs: number, groups: number): number {
  const groupInputs = inputs / groups;
  const groupOutputs = outputs / groups;
  let blocks = 1;
  for (let tile = 0; tile < tilesOf(outputs); tile++) {
    const lastOutput = Math.min(outputs, (tile + 1) * TILE) - 1;
    const lastInput = (Math.floor(lastOutput / groupOutputs) + 1) * groupInputs - 1;
    blocks = Math.max(blocks, Math.floor(lastInput / 4) + 1 - firstBlock(tile, groupOutputs, groupInputs));
  }
  return blocks;
}

/** The window of one place. */
export const POINT: Window = { kernel: [1, 1], stride: [1, 1], pads: [0, 0, 0, 0], dilation: [1, 1] };

/** A window as the kernels' parameter structs name it. */
export const windowParameters = ({ kernel, stride, pads, dilation }: Window) => ({
  kernelHeight: kernel[0],
  kernelWidth: kernel[1],
  strideY: stride[0],
  strideX: stride[1],
  padTop: pads[0],
  padLeft: pads[1],
  dilationY: dilation[0],
  dilationX: dilation[1],
});

/**
 * Where what stands for padding lies, ahead of all words, each of it four times over, so that one load may bring four: 0 first, then the
 * input's, whose value is the zero point. Named as the kernels' parameters; `words` of it in all.
 */
export const inputPadding = ({
  channels,
}: Shape): { readonly pad: number; readonly padStride: number; readonly words: number } => ({
  pad: 4,
  padStride: 4,
  words: 4 + 4 * blocksOf(channels),
});

/** What a term's parameters say of its source and groups. */
export const sourceParameters = ({ height, width, channels }: Shape, outputs: number, groups: number) => ({
  height,
  width,
  groupOutputs: outputs / groups,
  groupInputs: channels / groups,
});

/**
 * @param most terms that a kernel's parameters hold
 * @throws DeviceError where a layer joins more
 */
export function checkTerms(layer: string, terms: number, most: number): void {
  if (terms <= most) return;
  const what = `joins ${terms} terms (sums of words count once a plane), at most ${most}`;
  throw new DeviceError('too-many-terms', `layer "${layer}"`, what, 'split the join with a ReLU');
}

/**
 * @param most rows of synchronous neurons that a kernel's parameters hold
 * @throws DeviceError where a layer has more: each holds its words back for readers of another depth
 */
export function checkLines(layer: string, lines: number, most: number): void {
  if (lines <= most) return;
  const what = `is read at ${lines} depths behind the next, at most ${most}`;
  throw new DeviceError('too-many-terms', `layer "${layer}"`, what, 'pass it on from layer to layer');
}
