// Prints, as one line of JSON, what WebGPU offers on this machine: an adapter's words, null, or the error of the request.
// Runs in a process of its own: a driver that crashes takes only this process along, and drivers installed later are seen.
import { create, globals } from 'webgpu';

Object.assign(globalThis, globals);
const name = process.env.BSNN_ADAPTER;
// Module scope keeps the object alive; a collected one ends the process with a segmentation fault.
const gpu = create(name ? [`adapter=${name}`] : []);

/** @returns {Promise<import('./adapter.mjs').Found>} */
async function probe() {
  try {
    const adapter = await gpu.requestAdapter();
    if (!adapter) return { adapter: null };
    const { vendor, architecture, device, description } = adapter.info;
    return { adapter: { vendor, architecture, device, description, software: adapter.info.isFallbackAdapter === true } };
  } catch (error) {
    return { adapter: null, error: error instanceof Error ? error.message : String(error) };
  }
}

const answer = JSON.stringify(await probe());
process.stdout.write(`${answer}\n`, () => process.exit(0));
