/** What is recorded of a layer. */
export type Recorded = 'spikes' | 'membranes';

/** All that is recorded, in the order in which it comes. */
export const RECORDED: readonly Recorded[] = ['spikes', 'membranes'];
