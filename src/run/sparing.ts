import { DeviceError } from '../errors.ts';
import type { Program } from '../plan/program.ts';

/** Plans a program: for a batch, or for the one that was asked for. */
export type Plan<P extends Program> = (batch?: number) => P;

/** Whether the device had no memory for what was made. */
const isOutOfMemory = (error: unknown): boolean => error instanceof DeviceError && error.code === 'out-of-memory';

/**
 * Plans a program and makes what it needs; where the device has no memory for that, for half the images, down to one. Others may hold memory,
 * and WebGPU does not say how much there is: only trying tells.
 * @param make leaves nothing on the device where it fails; is told for how many images there was no memory, null where nothing failed before
 * @throws what `make` does
 */
export async function sparing<P extends Program, T>(
  plan: Plan<P>,
  make: (program: P, refusedBatch: number | null) => Promise<T>,
): Promise<T> {
  let refusedBatch: number | null = null;
  for (let program = plan(); ; program = plan(Math.floor(program.batch / 2))) {
    try {
      return await make(program, refusedBatch);
    } catch (error) {
      if (!isOutOfMemory(error) || program.batch === 1) throw error;
      refusedBatch ??= program.batch;
    }
  }
}
