import { type ModelFormatCode, ModelFormatError } from '../../errors.ts';

/** Codes of what is wrong with a saved network. */
export type SavedCode = Extract<ModelFormatCode, `network-${string}`>;

/** Refuses a saved network, or what is to be saved. */
export type Refuse = (code: SavedCode, what: string, remedy?: string, cause?: unknown) => never;

const AGAIN = 'get the file again, or convert the model again';

/** Refusals that name a file, or what stands for it. */
export const refusing =
  (where: string): Refuse =>
  (code, what, remedy = AGAIN, cause) => {
    throw new ModelFormatError(code, where, what, remedy, { cause });
  };
