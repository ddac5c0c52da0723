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

/**
 * Encodes passes; before each that has steps, these are copied to where its kernels read them, so that every bind group is made once.
 * @param images of this batch
 * @param clock takes the time from the first pass to the last
 * @returns what is to be called after the submission
 */
export function encodePasses(
  { device, data, kernels }: Loaded,
  encoder: GPUCommandEncoder,
  passes: readonly Pass<Steps>[],
  images: number,
  after: AfterPass = () => {},
  clock: Clock | null = null,
): () => void {
  const chunks = makeChunks(device.handle, passes, images);
  passes.forEach((one, i) => {
    if (chunks && one.chunk) encoder.copyBufferToBuffer(chunks, i * CHUNK.size, data.chunk, 0, CHUNK.size);
    const pass = encoder.beginComputePass(clock?.stretch(i === 0, i === passes.length - 1));
    for (const d of one.dispatches) dispatch(pass, kernels[d]);
    pass.end();
    after(encoder, one);
  });
  return () => chunks?.destroy();
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
