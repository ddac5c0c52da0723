import { dispatch } from '../gpu/bind.ts';
import type { Clock } from '../gpu/clock.ts';
import { writeStruct } from '../gpu/shader.ts';
import { uniformOf } from '../kernels/kernel.ts';
import type { Pass } from '../plan/program.ts';
import type { Steps } from '../plan/trains/chunks.ts';
import type { Loaded } from './load.ts';

/** What is encoded behind a pass. */
export type AfterPass = (encoder: GPUCommandEncoder, pass: Pass<Steps>) => void;

/** The steps that a pass computes, as the kernels of the stepped engine read them. */
const CHUNK = uniformOf('integrate', 'chunk');

/** What is encoded besides passes. */
export interface Besides {
  /** Before the first pass. */
  readonly begin?: (encoder: GPUCommandEncoder) => void;
  /** Behind every pass; of one that was cut, behind every part, `mark` behind the last. */
  readonly after?: AfterPass | undefined;
  /** Behind the last pass. */
  readonly end?: (encoder: GPUCommandEncoder) => void;
  /** Takes the time from the first pass to the last. */
  readonly clock?: Clock | null;
}

/**
 * Encodes passes and submits them; before each that has steps, these are copied to where its kernels read them, so that every bind group is
 * made once. Nothing is waited for.
 * @param submissions the passes of each (`cutPasses`)
 * @param images of this batch
 */
export function submitPasses(
  { device, program, data, kernels }: Loaded,
  submissions: readonly (readonly Pass<Steps>[])[],
  images: number,
  { begin, after, end, clock }: Besides = {},
): void {
  const { handle } = device;
  const passes = submissions.flat();
  const chunks = makeChunks(handle, passes, images);
  let i = 0;
  submissions.forEach((own, s) => {
    const encoder = handle.createCommandEncoder({ label: program.network });
    if (s === 0) begin?.(encoder);
    for (const one of own) {
      if (chunks && one.chunk) encoder.copyBufferToBuffer(chunks, i * CHUNK.size, data.chunk, 0, CHUNK.size);
      const pass = encoder.beginComputePass(clock?.stretch(i === 0, i === passes.length - 1));
      for (const d of one.dispatches) dispatch(pass, kernels[d]);
      pass.end();
      after?.(encoder, one);
      i++;
    }
    if (s === submissions.length - 1) end?.(encoder);
    handle.queue.submit([encoder.finish()]);
  });
  chunks?.destroy();
}

/** The structs `Chunk` of all passes; null where dispatches know no steps. */
function makeChunks(device: GPUDevice, passes: readonly Pass<Steps>[], images: number): GPUBuffer | null {
  if (!passes.some(({ chunk }) => chunk)) return null;
  const size = passes.length * CHUNK.size;
  const buffer = device.createBuffer({ label: 'chunks', size, usage: GPUBufferUsage.COPY_SRC, mappedAtCreation: true });
  const view = new DataView(buffer.getMappedRange());
  passes.forEach(({ chunk }, i) => {
    if (chunk) writeStruct(CHUNK, view, { ...chunk, images }, i * CHUNK.size);
  });
  buffer.unmap();
  return buffer;
}
