/** A run of steps that each dispatch computes at once. */
export interface Chunk {
  /** The first step, from the image's onset. */
  readonly step: number;
  readonly steps: number;
  /** step div K. */
  readonly window: number;
  /** Where the first step's spikes lie in a train: its phase for windowed neurons, else 0. */
  readonly place: number;
  /** The last step ends a window. */
  readonly endsWindow: boolean;
  /** T after this chunk is a checkpoint. */
  readonly checkpoint: boolean;
}

/**
 * Cuts T steps into chunks: at checkpoints, at the ends of windows where the neuron has them, else after `capacity` steps. Pure.
 * @param checkpoints step counts T after which something is to be looked at
 */
export function cutSteps(
  timesteps: number,
  phaseBits: number,
  windowed: boolean,
  capacity: number,
  checkpoints: readonly number[] = [],
): Chunk[] {
  const chunks: Chunk[] = [];
  for (let step = 0; step < timesteps; ) {
    const place = windowed ? step % phaseBits : 0;
    const rest = windowed ? phaseBits - place : capacity;
    const end = Math.min(timesteps, step + Math.min(rest, capacity), ...checkpoints.filter((t) => t > step));
    const window = Math.floor(step / phaseBits);
    const endsWindow = end % phaseBits === 0;
    chunks.push({ step, steps: end - step, window, place, endsWindow, checkpoint: checkpoints.includes(end) });
    step = end;
  }
  return chunks;
}

/** Windows `first`, `first + every`, `first + 2 · every`, … */
export interface Windows {
  readonly first: number;
  readonly every: number;
}

/** Whether a window is one of them. */
export const isAmong = (window: number, { first, every }: Windows): boolean => window >= first && (window - first) % every === 0;
