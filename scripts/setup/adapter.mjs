import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PROBE = fileURLToPath(new URL('./probe.mjs', import.meta.url));

/**
 * What the probe saw: an adapter's words, or none, with the error where the request itself failed.
 * @typedef {{ vendor: string, architecture: string, device: string, description: string, software: boolean }} Adapter
 * @typedef {{ adapter: Adapter | null, error?: string }} Found
 */

/**
 * Asks WebGPU for an adapter, in a child process, under the caller's VK_DRIVER_FILES and BSNN_ADAPTER.
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Found}
 */
export function findAdapter(env = process.env) {
  const child = spawnSync(process.execPath, [PROBE], { env, encoding: 'utf8', timeout: 60_000 });
  try {
    return JSON.parse(child.stdout);
  } catch {
    const how = child.signal ? `ended by ${child.signal}` : `exit code ${child.status}`;
    return { adapter: null, error: `the probe did not answer (${how}): ${child.stderr.trim().slice(-400)}` };
  }
}
