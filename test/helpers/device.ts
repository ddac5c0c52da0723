import { describe } from 'vitest';
import type { Device } from '../../src/gpu/device.ts';
import { openDevice } from '../../src/gpu/node.ts';

/** One device for a test file; null, with a printed reason, where there is no adapter. A software adapter counts. */
export const device: Device | null = await openDevice().catch((error: Error) => {
  console.log(`device tests are skipped: ${error.message}`);
  return null;
});

/** Tests that need a device. */
export const describeOnDevice = describe.skipIf(device === null);
