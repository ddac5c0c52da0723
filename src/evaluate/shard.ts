import { OptionError } from '../errors.ts';
import { BLOCK_IMAGES } from './digest.ts';

/** One of several parts into which an evaluation is cut, each for a process or a machine of its own. */
export interface Shard {
  /** From 1 on. */
  readonly index: number;
  readonly of: number;
}

/** "3/8" as a shard; null where it is none. */
export function parseShard(text: string): Shard | null {
  const [, index, of] = /^(\d{1,9})\/(\d{1,9})$/.exec(text) ?? [];
  const shard = { index: Number(index), of: Number(of) };
  return index !== undefined && isShard(shard) ? shard : null;
}

export const shardText = ({ index, of }: Shard): string => `${index}/${of}`;

/** Whether an object is a part of several. */
export const isShard = ({ index, of }: { readonly index?: unknown; readonly of?: unknown }): boolean =>
  Number.isSafeInteger(index) && Number.isSafeInteger(of) && (index as number) >= 1 && (index as number) <= (of as number);

/**
 * The images of a part: whole blocks, but for the last one's, as many in each part as in any other or one more.
 * @param images of all parts together
 * @returns the first, and the one after the last
 * @throws OptionError where it is no part, or has no block
 */
export function shardImages(shard: Shard, images: number): { readonly from: number; readonly to: number } {
  const { index, of } = shard;
  const blocks = Math.ceil(images / BLOCK_IMAGES);
  if (!isShard(shard)) {
    throw new OptionError('shard', 'shard', `${shardText(shard)} is no part of several`, 'give I/N, as 3/8, with I from 1 to N');
  }
  if (of > blocks) {
    const what = `${of} parts of ${images} images are too many: a part has at least a block of ${BLOCK_IMAGES}`;
    throw new OptionError('shard', 'shard', what, `cut into at most ${blocks}`);
  }
  const end = (part: number) => Math.min(images, Math.floor((part * blocks) / of) * BLOCK_IMAGES);
  return { from: end(index - 1), to: end(index) };
}
