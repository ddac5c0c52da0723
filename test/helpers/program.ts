import type { Dispatch } from '../../src/kernels/kernel.ts';
import type { Packers, Program } from '../../src/plan/program.ts';

/** Bytes of each buffer of a program. */
export const bytesOf = ({ buffers }: Pick<Program, 'buffers'>): Record<string, number> =>
  Object.fromEntries(Object.entries(buffers).map(([name, { bytes }]) => [name, bytes]));

/** What is uploaded into one buffer, as the loader would. */
export function contentOf(program: Program, packers: Packers, buffer: string): Uint8Array {
  const bytes = new Uint8Array(program.buffers[buffer].bytes);
  for (const content of program.contents.filter((one) => one.buffer === buffer)) {
    const packed = packers[content.pack](content);
    const all = new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength);
    const { offset, size } = content.part ?? { offset: 0, size: all.length };
    bytes.set(all.subarray(offset, offset + size), content.offset);
  }
  return bytes;
}

/** Whether a dispatch takes its weights through the constant path. */
export const isUniform = ({ variant }: Dispatch): boolean => variant.uniformWeights === true;
