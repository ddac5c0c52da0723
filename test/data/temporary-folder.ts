import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'vitest';

/** A test with `folder`, an empty folder of its own that goes when the test ends. */
export const folderTest = test.extend<{ folder: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest requires a destructured first argument
  folder: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'bsnn-data-'));
    await use(folder);
    await rm(folder, { recursive: true });
  },
});
