import type { Capabilities, Choice, Choices } from '../choices.ts';
import type { FitOptions } from '../fit.ts';

/** What to plan for. `form`, `arithmetic` and `weights` are forced on all layers where given. */
export interface WordsOptions extends FitOptions, Partial<Choice> {
  /** Words that every layer sends. */
  readonly waves: number;
  /** Keep the words of all layers until the end (they can be read back then). */
  readonly keepWords?: boolean;
  /** The same, and read the whole arena back with each batch (`Batch.arena`). */
  readonly readWords?: boolean;
  /** Keep the membranes of all layers. */
  readonly keepMembranes?: boolean;
  /** What the device can do, for the choice of kernels; by default packed dot products and no more. */
  readonly capabilities?: Capabilities;
  /** How layers are computed, by shape, as tuning found it; others by the kind of device. */
  readonly choices?: Choices;
}
