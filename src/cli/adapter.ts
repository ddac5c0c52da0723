import type { Device } from '../gpu/device.ts';
import { openDevice } from '../gpu/node.ts';

/** Opens the GPU that `--adapter` names, or the best. */
export const openAdapter = (adapter: string | undefined): Promise<Device> => openDevice(adapter === undefined ? {} : { adapter });
