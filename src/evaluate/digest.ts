import { createHash } from 'node:crypto';
import { shapeSize } from '../ann/ann.ts';
import type { SpikingNetwork } from '../network/network.ts';
import type { WordsProgram } from '../plan/words/plan.ts';
import type { Region } from '../plan/words/regions.ts';
import type { Batch } from '../run/batch.ts';

/** Images of a block: the least that a digest tells apart, and that a part of an evaluation consists of. */
export const BLOCK_IMAGES = 64;

/** Bytes of a SHA-256. */
const HASH_BYTES = 32;

/** SHA-256 of all words (specification, section 12), in hexadecimal digits. */
export interface WordDigest {
  /** Of the digests of all blocks. */
  readonly sha256: string;
  readonly blockImages: number;
  /** Of each block of images, in order. */
  readonly blocks: readonly string[];
}

/** What is known of a digest so far: plain data. */
export interface DigestState {
  /** Of each block; null where images of it are missing. */
  readonly blocks: readonly (string | null)[];
  /** Of blocks of which some images are known: one digest behind the other, in base64, zeros for those that are missing; and how many. */
  readonly begun: readonly { readonly block: number; readonly known: number; readonly images: string }[];
}

/** Takes the words of images in any order of batches. */
export interface Digester {
  /** @param first index of the batch's first image; @param words of the batch, one image behind the other */
  readonly add: (first: number, images: number, words: Uint8Array) => void;
  readonly state: () => DigestState;
  /** The digests of all blocks, once all images are in. */
  readonly blocks: () => readonly string[];
}

/** The words of all layers of neurons of a batch's images, a byte each: [image][wave][layer][channel][y][x]. */
export function batchWords(
  { layers }: SpikingNetwork,
  { regions: { regions }, waves, batch }: Pick<WordsProgram, 'regions' | 'waves' | 'batch'>,
  { arena, images }: Pick<Batch, 'arena' | 'images'>,
): Uint8Array {
  const stored = arena as Uint32Array;
  const neurons = layers.flatMap(({ kind, shape }, l) => (kind === 'neurons' ? [{ shape, region: regions[l + 1] as Region }] : []));
  const ofImage = waves * neurons.reduce((sum, { shape }) => sum + shapeSize(shape), 0);
  const words = new Uint8Array(images * ofImage);
  let to = 0;
  for (let wave = 0; wave < waves; wave++) {
    for (const { shape, region } of neurons) {
      const area = shape.height * shape.width;
      for (let channel = 0; channel < shape.channels; channel++) {
        const shift = 8 * (channel & 3);
        const from = region.first + wave * region.waveStride + (channel >> 2) * area * batch;
        for (let n = 0; n < images; n++) {
          for (let i = 0; i < area; i++) words[n * ofImage + to + i] = stored[from + i * batch + n] >>> shift;
        }
        to += area;
      }
    }
  }
  return words;
}

/** @param images of all blocks together; @param state where it goes on from */
export function digester(images: number, state: DigestState | null = null): Digester {
  const count = Math.ceil(images / BLOCK_IMAGES);
  const done: (string | null)[] = state ? [...state.blocks] : new Array(count).fill(null);
  const begun = new Map((state?.begun ?? []).map((one) => [one.block, { ...one, images: Buffer.from(one.images, 'base64') }]));
  const sizeOf = (block: number) => Math.min(BLOCK_IMAGES, images - block * BLOCK_IMAGES);
  const addImage = (image: number, words: Uint8Array): void => {
    const block = Math.floor(image / BLOCK_IMAGES);
    const one = begun.get(block) ?? { block, known: 0, images: Buffer.alloc(sizeOf(block) * HASH_BYTES) };
    begun.set(block, one);
    one.images.set(createHash('sha256').update(words).digest(), (image % BLOCK_IMAGES) * HASH_BYTES);
    one.known++;
    if (one.known < sizeOf(block)) return;
    done[block] = createHash('sha256').update(one.images).digest('hex');
    begun.delete(block);
  };
  return {
    add: (first, some, words) => {
      const size = words.length / some;
      for (let n = 0; n < some; n++) addImage(first + n, words.subarray(n * size, (n + 1) * size));
    },
    state: () => ({
      blocks: [...done],
      begun: [...begun.values()].map((one) => ({ ...one, images: one.images.toString('base64') })),
    }),
    blocks: () => done as string[],
  };
}

/** The digest of all blocks. */
export function wordDigest(blocks: readonly string[]): WordDigest {
  const sha256 = createHash('sha256')
    .update(Buffer.from(blocks.join(''), 'hex'))
    .digest('hex');
  return { sha256, blockImages: BLOCK_IMAGES, blocks };
}
