import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    environment: 'node',
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/setup/shaders.ts'],
    // A process a file: a driver that crashes takes one file along. Two at a time, since each may hold a device.
    pool: 'forks',
    maxWorkers: 2,
    // What a developer has tuned is not part of a test.
    env: { BSNN_CACHE_DIR: join(tmpdir(), `bsnn-test-without-cache-${process.pid}`) },
    // Only what hangs meets these: a software driver compiles a large kernel for seconds, on a busy machine for minutes.
    testTimeout: 900_000,
    hookTimeout: 900_000,
  },
});
