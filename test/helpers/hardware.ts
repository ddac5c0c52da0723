import type { Device } from '../../src/gpu/device.ts';
import { openDevice } from '../../src/gpu/node.ts';
import { device } from './device.ts';

/** The tests' adapter with a card's kernels and defaults, the device itself where it is a card; null where there is none. */
export const hardware: Device | null = device?.capabilities.software ? await openDevice({ assume: 'hardware' }) : device;
