import { convert } from '../../src/convert/convert.ts';
import type { Device } from '../../src/gpu/device.ts';
import type { SpikingNetwork } from '../../src/network/network.ts';
import { importOnnx } from '../../src/onnx/import.ts';
import { planCells } from '../../src/plan/cells/plan.ts';
import type { PlanLimits } from '../../src/plan/fit.ts';
import { type Program, totalBytes } from '../../src/plan/program.ts';
import { planWords } from '../../src/plan/words/plan.ts';
import { madeUpImages } from '../flow/images.ts';
import { ARCHITECTURES } from './all.ts';
import { compareWithReference } from './exact.ts';
import { measureImport } from './importing.ts';
import { multiplyAddsOf } from './multiply-adds.ts';
import type { ArchitectureRow, PlannedRow } from './row.ts';

const SIDE = 224;
/** Images that scales are chosen on, apart from the one that is compared. */
const CALIBRATION = 4;
const FIRST_CALIBRATION = 1_000_000;

/** Defaults of a session. */
const BATCH = 64;
const WAVES = 3;

/** The least that WebGPU promises. */
const LIMITS: PlanLimits = { maxStorageBufferBindingSize: 2 ** 27, maxBufferSize: 2 ** 28, maxUniformBufferBindingSize: 2 ** 16 };

/** Builds, imports, converts and plans an architecture, and compares one image. @throws BsnnError */
export async function measureArchitecture(device: Device, name: string): Promise<ArchitectureRow> {
  const { bytes: file, multiplyAdds } = ARCHITECTURES[name](SIDE);
  const importing = measureImport(file);
  const ann = await importOnnx(file, { name });
  const start = performance.now();
  const images = madeUpImages(CALIBRATION, FIRST_CALIBRATION);
  const options = { batch: CALIBRATION, mean: [0.5], std: [0.25], correctBias: false };
  const network = await convert(device, ann, images, options);
  const convertSeconds = (performance.now() - start) / 1000;
  const pixels = await madeUpImages(1).read(0, 1);
  return {
    name,
    fileBytes: file.length,
    multiplyAdds,
    imported: multiplyAddsOf(ann),
    layers: ann.layers.length,
    importing,
    trained: planned(planCells(ann, LIMITS, { batch: 1 })),
    one: plannedWords(network, 1),
    most: plannedWords(network, BATCH),
    convertSeconds,
    exact: await compareWithReference(device, network, pixels),
  };
}

const plannedWords = (network: SpikingNetwork, batch: number): PlannedRow =>
  planned(planWords(network, LIMITS, { batch, waves: WAVES }));

const planned = (program: Program): PlannedRow => ({
  batch: program.batch,
  bytes: totalBytes(program),
  binding: largestBound(program),
});

/** Bytes of the largest binding: a dispatch's range of a buffer, or a whole buffer where none has ranges of it. */
function largestBound({ buffers, dispatches }: Program): number {
  const ranges = dispatches.flatMap((dispatch) => Object.entries(dispatch.ranges));
  const shared = new Set(ranges.map(([name]) => name));
  const whole = Object.entries(buffers).flatMap(([name, { bytes }]) => (shared.has(name) ? [] : [bytes]));
  return Math.max(...whole, ...ranges.map(([, { size }]) => size));
}
