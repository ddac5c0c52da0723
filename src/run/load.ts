import { aligned, type BoundKernel, bind, WORKGROUP } from '../gpu/bind.ts';
import { Buffers, upload } from '../gpu/buffers.ts';
import type { Device } from '../gpu/device.ts';
import { writeStruct } from '../gpu/shader.ts';
import { conditionsOn, type Dispatch, recordOf, shaderOf, uniformOf } from '../kernels/kernel.ts';
import type { Content, Packers, Program } from '../plan/program.ts';

/** A program on a device: its buffers with what belongs in them, its kernels compiled and bound. */
export interface Loaded<P extends Program = Program> {
  readonly device: Device;
  readonly program: P;
  readonly buffers: Buffers;
  /** By name; those that were handed in among them. */
  readonly data: { readonly [name: string]: GPUBuffer };
  /** Of `program.dispatches`, in their order. */
  readonly kernels: readonly BoundKernel[];
  /** Parameter structs, one a dispatch. */
  readonly parameters: GPUBuffer;
}

/**
 * Makes the buffers of a program, packs and uploads what goes into them, compiles and binds its kernels (in parallel).
 * @param packers what makes the program's contents
 * @param others buffers of somebody else that its kernels bind by name; they are left alone when these are disposed of
 */
export async function load<P extends Program>(
  device: Device,
  program: P,
  packers: Packers,
  others: { readonly [name: string]: GPUBuffer } = {},
): Promise<Loaded<P>> {
  const buffers = new Buffers(device);
  try {
    return await device.guard(`program of "${program.network}"`, async () => {
      const own = Object.entries(program.buffers).map(
        ([name, { usage, bytes }]) => [name, buffers.create(name, usage, bytes)] as const,
      );
      const data = { ...others, ...Object.fromEntries(own) };
      uploadContents(device, data, program.contents, packers);
      const structs = packParameters(program.dispatches);
      const parameters = buffers.create('parameters', 'uniform', structs.data.byteLength, structs.data);
      // what was written is staged until work is submitted
      device.handle.queue.submit([]);
      const kernels = await device.until(
        Promise.all(
          program.dispatches.map((dispatch, i) => {
            const layer = { buffer: parameters, offset: structs.offsets[i], size: uniformOf(dispatch.kernel, 'layer').size };
            return bindDispatch(device, dispatch, data, layer);
          }),
        ),
      );
      return { device, program, buffers, data, kernels, parameters };
    });
  } catch (error) {
    buffers.dispose();
    throw error;
  }
}

/** Makes what a session needs besides its program. Where that fails, nothing of the program stays on the device. */
export async function besides<T>({ device, program, buffers }: Loaded, make: (buffers: Buffers) => T): Promise<T> {
  try {
    return await device.guard(`results of "${program.network}"`, () => make(buffers));
  } catch (error) {
    buffers.dispose();
    throw error;
  }
}

/** Sets to 0 what a program wants cleared. */
export function clear({ program, data }: Loaded, encoder: GPUCommandEncoder): void {
  for (const [name, { cleared }] of Object.entries(program.buffers)) if (cleared) encoder.clearBuffer(data[name]);
}

function bindDispatch(
  device: Device,
  { kernel, variant, ranges, invocations, tiles }: Dispatch,
  data: Loaded['data'],
  layer: GPUBufferBinding,
): Promise<BoundKernel> {
  const whole = Object.fromEntries(Object.entries(data).map(([name, buffer]) => [name, { buffer } as GPUBufferBinding]));
  const parts = Object.fromEntries(Object.entries(ranges).map(([name, range]) => [name, { buffer: data[name], ...range }]));
  const workgroup = !recordOf(kernel).sized ? undefined : device.broadcast ? device.subgroupSize : WORKGROUP;
  return bind(
    device,
    shaderOf(kernel, conditionsOn(device, variant)),
    { ...whole, ...parts, layer },
    { invocations, tiles, workgroup },
  );
}

/** Packs layer by layer; what was packed is let go as soon as it is written. */
export function uploadContents(device: Device, data: Loaded['data'], contents: readonly Content[], packers: Packers): void {
  let last = { of: '', packed: new Uint8Array() as ArrayBufferView<ArrayBuffer> };
  for (const content of contents) {
    const { buffer, offset, pack, layer, first, part } = content;
    const of = `${pack} ${layer} ${first}`;
    if (last.of !== of) last = { of, packed: packers[pack](content) };
    const { byteOffset, byteLength, buffer: bytes } = last.packed;
    const { offset: from, size } = part ?? { offset: 0, size: byteLength };
    upload(device, data[buffer], offset, new Uint8Array(bytes, byteOffset + from, size));
  }
}

/** The parameter structs of all dispatches, one behind the other, each where a uniform binding may start. */
export function packParameters(dispatches: readonly Pick<Dispatch, 'kernel' | 'parameters'>[]): {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly offsets: readonly number[];
} {
  const offsets: number[] = [];
  let end = 0;
  for (const { kernel } of dispatches) {
    offsets.push(end);
    end += aligned(uniformOf(kernel, 'layer').size);
  }
  const data = new Uint8Array(end);
  dispatches.forEach(({ kernel, parameters }, i) => {
    writeStruct(uniformOf(kernel, 'layer'), new DataView(data.buffer, offsets[i]), parameters);
  });
  return { data, offsets };
}
