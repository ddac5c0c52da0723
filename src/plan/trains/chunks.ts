/** A run of steps that each dispatch computes at once: the struct `Chunk` of `shaders/lib/steps.wgsl`. */
export type Steps = {
  /** The first step, from the image's onset. */
  readonly step: number;
  readonly steps: number;
  /** step div K. */
  readonly window: number;
  /** Where the first step's spikes lie in a train: its phase for windowed neurons, else 0. */
  readonly place: number;
};

/** The same, and what lies behind it. */
export interface Chunk {
  readonly chunk: Steps;
  /** The last step ends a window. */
  readonly endsWindow: boolean;
  /** T, where it is a checkpoint. */
  readonly mark: number | null;
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
    const chunk = { step, steps: end - step, window: Math.floor(step / phaseBits), place };
    chunks.push({ chunk, endsWindow: end % phaseBits === 0, mark: checkpoints.includes(end) ? end : null });
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
