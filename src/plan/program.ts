import type { Dispatch, Range } from '../kernels/kernel.ts';

/** What a device carries out: dispatches over named buffers. Plain data: it can be printed, compared and saved. */
export interface Program {
  /** The network's name. */
  readonly network: string;
  /** Images in the layout. */
  readonly batch: number;
  readonly buffers: { readonly [name: string]: BufferPlan };
  /** In the order in which they depend on each other. A binding without a range is the whole buffer of its name. */
  readonly dispatches: readonly Dispatch[];
  /** What is uploaded once. */
  readonly contents: readonly Content[];
  /** What is read back after each batch, in this order. */
  readonly results: readonly ResultPlan[];
}

export interface BufferPlan {
  readonly bytes: number;
  /** `weights`: bound as uniform or as storage. */
  readonly usage: 'storage' | 'uniform' | 'weights';
  /** Set to 0 before each batch. */
  readonly cleared: boolean;
}

/** Data that goes into a buffer when it is made: what the program's packer of this name makes of a layer, or a part of that. */
export interface Content {
  readonly buffer: string;
  /** Where in the buffer, in bytes. */
  readonly offset: number;
  /** Name of the packer. */
  readonly pack: string;
  /** −1 where it belongs to no layer. */
  readonly layer: number;
  /** Of what is packed: tiles, where the packer packs a part; bytes, where only a part is taken. */
  readonly first?: number;
  readonly tiles?: number;
  readonly part?: Range;
}

/** A part of a buffer, in bytes. */
export interface ResultPlan extends Range {
  readonly buffer: string;
}

/** Makes the data of contents, by the packer's name. Pure. */
export type Packers = { readonly [pack: string]: (content: Content) => ArrayBufferView<ArrayBuffer> };

/** One pass of a batch: which dispatches run, over which steps. */
export interface Pass<C> {
  /** The steps that this pass computes; null where dispatches know no steps. */
  readonly chunk: C | null;
  /** Indices of the program's dispatches. */
  readonly dispatches: readonly number[];
  /** A step count T: whoever asked for it looks at the state behind this pass. */
  readonly mark: number | null;
}

/** The pass of a program that knows no steps: everything once. */
export const wholePass = ({ dispatches }: Program): Pass<never> => ({
  chunk: null,
  dispatches: [...dispatches.keys()],
  mark: null,
});

export const storage = (bytes: number, cleared = false): BufferPlan => ({ bytes, usage: 'storage', cleared });
export const uniform = (bytes: number): BufferPlan => ({ bytes, usage: 'uniform', cleared: false });

/** Bytes of all buffers together. */
export const totalBytes = ({ buffers }: Pick<Program, 'buffers'>): number =>
  Object.values(buffers).reduce((sum, { bytes }) => sum + bytes, 0);
