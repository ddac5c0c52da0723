import { boundaries, type Span, type Timetable } from '../../network/timetable.ts';

/** A run of steps that each dispatch computes at once: the struct `Chunk` of `shaders/lib/steps.wgsl`. */
export type Steps = {
  /** The first step, from the image's onset. */
  readonly step: number;
  readonly steps: number;
};

/** The same, and what lies behind it. */
export interface Chunk {
  readonly chunk: Steps;
  /** T, where it is a checkpoint. */
  readonly mark: number | null;
}

/**
 * Cuts T steps into chunks: at checkpoints, where some depth changes its state (neurons with windows), and after `capacity` steps. Pure.
 * @param timetable null for neurons without windows
 * @param checkpoints step counts T after which something is to be looked at
 */
export function cutSteps(
  timesteps: number,
  timetable: Timetable | null,
  capacity: number,
  checkpoints: readonly number[] = [],
): Chunk[] {
  const stops = new Set([...(timetable ? boundaries(timetable, timesteps) : []), ...checkpoints, timesteps]);
  const chunks: Chunk[] = [];
  let step = 0;
  for (let end = 1; end <= timesteps; end++) {
    if (!stops.has(end) && end - step < capacity) continue;
    chunks.push({ chunk: { step, steps: end - step }, mark: checkpoints.includes(end) ? end : null });
    step = end;
  }
  return chunks;
}

/** Whether a step lies in a span, or one period or several later. */
export const isWithin = (step: number, { first, steps }: Span, period: number): boolean =>
  step >= first && (step - first) % period < steps;
