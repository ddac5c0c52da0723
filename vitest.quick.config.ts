import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** What says that a test file needs a device, a process of its own, or another library's minute. */
const SLOW = /helpers\/device|gpu\/node|onnxruntime|node:child_process|cli\/program|setup\/driver/;

/** Pure and text tests: for who changes a line. Recognised by what they import, so that a new file is where it belongs. */
const quick = readdirSync('test', { recursive: true })
  .map((name) => join('test', String(name)))
  .filter((name) => name.endsWith('.test.ts') && !SLOW.test(readFileSync(name, 'utf8')));

export default defineConfig({ ...base, test: { ...base.test, include: quick } });
