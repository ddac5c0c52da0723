import { ModelFormatError, UnsupportedModelError } from '../../src/errors.ts';

/** What work refuses a model with; anything else that it throws comes through, and so does it that nothing was thrown. */
export function refusalOf(work: () => unknown): ModelFormatError | UnsupportedModelError {
  try {
    work();
  } catch (error) {
    if (error instanceof ModelFormatError || error instanceof UnsupportedModelError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
