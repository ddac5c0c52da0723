/** node scripts/run-ts.mjs bench/facts.ts [FILE]: all that an adapter says of itself, printed and as JSON. */
import { writeJson } from '../src/cli/json-file.ts';
import { openDevice } from '../src/gpu/node.ts';
import { exitWith } from './exit.ts';

/** Values of an object whose class has them as accessors. */
function valuesOf(object: object): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (let at = object; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) {
      const value = (object as Record<string, unknown>)[name];
      if (name !== 'constructor' && typeof value !== 'function') values[name] ??= typeof value === 'bigint' ? Number(value) : value;
    }
  }
  return values;
}

async function main([file]: readonly string[]): Promise<number> {
  const device = await openDevice();
  try {
    const { adapter, handle, gpu, description, capabilities, matrix, packedDot, subgroupSize } = device;
    const { subgroupMatrixConfigs = [], ...info } = valuesOf(adapter.info) as { subgroupMatrixConfigs?: Iterable<object> };
    const facts = {
      description,
      info,
      capabilities,
      packedDot,
      subgroupSize,
      matrix,
      matrixConfigurations: [...subgroupMatrixConfigs].map(valuesOf),
      adapterFeatures: [...adapter.features].sort(),
      deviceFeatures: [...handle.features].sort(),
      language: [...gpu.wgslLanguageFeatures].sort(),
      limits: valuesOf(adapter.limits),
      node: process.version,
    };
    for (const [name, value] of Object.entries(facts)) console.log(`${name.padEnd(22)} ${JSON.stringify(value)}`);
    if (file) writeJson(file, facts);
    return 0;
  } finally {
    device.dispose();
  }
}

await exitWith(main);
