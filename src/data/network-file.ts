import { open, readFile, stat } from 'node:fs/promises';
import { BsnnError, ModelFormatError } from '../errors.ts';
import { isSavedNetwork, RECOGNISED_BYTES, readSavedNetwork, type SavedNetwork } from '../network/saved/load.ts';
import { MAX_BYTES, systemCode } from './read-file.ts';

/** Whether a file is a saved network, by its content; what cannot be read is none. */
export async function isNetworkFile(path: string): Promise<boolean> {
  try {
    // a pipe is no file, and would wait for whoever writes into it
    if (!(await stat(path)).isFile()) return false;
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(RECOGNISED_BYTES), 0, RECOGNISED_BYTES, 0);
      return isSavedNetwork(buffer.subarray(0, bytesRead));
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (systemCode(cause) === null) throw cause;
    return false;
  }
}

/** Reads a saved network from its file. @throws ModelFormatError, ConversionError where the network is not sound */
export async function readNetworkFile(path: string): Promise<SavedNetwork> {
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) {
      throw new ModelFormatError('unreadable-file', path, `has ${size} bytes, more than the ${MAX_BYTES} that are read`, '');
    }
    return await readSavedNetwork(await readFile(path), path);
  } catch (cause) {
    const code = systemCode(cause);
    if (code === null || cause instanceof BsnnError) throw cause;
    throw new ModelFormatError('unreadable-file', path, `cannot be read (${code})`, 'check the path', { cause });
  }
}
