import { DeviceError } from '../errors.ts';
import type { Device } from '../gpu/device.ts';
import type { Binding, Shader } from '../gpu/pipelines.ts';
import { type Conditions, preprocess, type StructLayout, type StructValues } from '../gpu/shader.ts';
import { kernels, sources } from './sources.ts';

/** A file of `shaders/` with an entry point. */
export type KernelName = keyof typeof kernels;

/** What the host must know of a kernel, read from its WGSL when the library is built. */
export interface KernelRecord {
  /** Files in front of its own, in this order; `${…}` stands for a condition's value. */
  readonly libraries: readonly string[];
  /** Every buffer that it declares under some conditions. */
  readonly bindings: readonly Binding[];
  /** Layouts of the structs that are bound as uniforms, by the binding's name. Its parameters are the one that is named `layer`. */
  readonly uniforms: { readonly [binding: string]: StructLayout };
  /** Its workgroups have as many invocations as the host says. */
  readonly sized: boolean;
}

export const recordOf = (name: KernelName): KernelRecord => kernels[name];

/** The struct of a uniform binding. */
export const uniformOf = (name: KernelName, binding: string): StructLayout => recordOf(name).uniforms[binding];

/** A part of a buffer, in bytes. */
export interface Range {
  readonly offset: number;
  readonly size: number;
}

/** Where the weights of some tiles of a layer, or the table of its channels, lie: what one dispatch binds of them. */
export interface Share {
  /** First tile of 8 output channels (of `depthwise`, block of 4), and how many. */
  readonly first: number;
  readonly tiles: number;
  readonly range: Range;
  /** Whether they are bound as uniform. */
  readonly uniform: boolean;
}

/** The kernels that compute a layer of bistable neurons. */
const ACCUMULATE: ReadonlySet<KernelName> = new Set([
  'accumulate',
  'accumulate-small',
  'accumulate-tiled',
  'accumulate-matrix',
  'depthwise',
]);

/** Whether a kernel computes a layer of bistable neurons, in whatever form. */
export const isAccumulate = (kernel: KernelName): boolean => ACCUMULATE.has(kernel);

/** The bits of an f32, for parameter structs, which hold integers. */
export const floatBits = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0];

/** One dispatch of a kernel, as plain data. */
export interface Dispatch {
  readonly kernel: KernelName;
  /** Index of the layer; −1 for the input. */
  readonly layer: number;
  /** For people: the layer's name. */
  readonly name: string;
  /** Conditions under which the shader is compiled, but for what depends on the device alone (`conditionsOn`). */
  readonly variant: Conditions;
  /** Values of its parameter struct. */
  readonly parameters: StructValues;
  /** What is bound of buffers that are not bound whole, by the binding's name. */
  readonly ranges: { readonly [binding: string]: Range };
  readonly invocations: number;
  /** Workgroups along y. */
  readonly tiles: number;
  /** Multiply-adds of the network (not of padding) for one batch: all waves, or one step. */
  readonly macs: number;
}

/** What a dispatch is made of where it is nothing but its own. */
export const PLAIN = { variant: {}, ranges: {}, tiles: 1, macs: 0 } as const;

const SPACES: Readonly<Record<string, string>> = {
  uniform: 'uniform',
  'read-only-storage': 'storage, read',
  storage: 'storage, read_write',
};

/**
 * A kernel's final text and what it declares, under the given conditions.
 * @throws DeviceError naming file and line for a condition that is missing
 */
export function shaderOf(name: KernelName, conditions: Conditions): Shader {
  const { libraries, bindings } = recordOf(name);
  const files = libraries.map((library) => library.replace(/\$\{(\w+)\}/g, (_, condition) => String(conditions[condition])));
  const code = [...files, name].map((file) => preprocess(file, textOf(file), conditions)).join('\n');
  const isDeclared = ({ binding, name: of, type }: Binding) =>
    code.includes(`@group(0) @binding(${binding}) var<${SPACES[type]}> ${of}:`);
  return { name, code, bindings: bindings.filter(isDeclared) };
}

function textOf(file: string): string {
  if (Object.hasOwn(sources, file)) return sources[file];
  throw new DeviceError('shader-text', `shaders/${file}.wgsl`, 'is not there', 'correct the line "Uses" of the kernel');
}

/** The conditions of a variant on a device: only some broadcast, and matrix units differ in their fragments. */
export function conditionsOn(device: Device, variant: Conditions): Conditions {
  const broadcast = variant.broadcast === true && device.broadcast;
  return { ...variant, broadcast, ...(variant.matrix === true && matrixConditions(device, variant.signedDot === true)) };
}

/** What the elements are that operands are staged in. */
const ELEMENTS = { u8: 'vec4u', f16: 'vec4<f16>', f32: 'vec4f' } as const;

/**
 * Values of the placeholders of `accumulate-matrix`: fragments, and how they lie in workgroup memory.
 * @param signed all bytes are signed ones too; they are taken so where the unit multiplies such
 * @throws DeviceError without matrix units
 */
export function matrixConditions({ matrix, description }: Device, signed: boolean): Conditions {
  if (!matrix) {
    throw new DeviceError('no-matrix', description.adapter, 'has no matrix units that the kernels can use', 'choose another form');
  }
  const { staged } = matrix;
  const bytes = matrix.operand === 'u8';
  const signedDot = bytes && signed && matrix.signed;
  return {
    ...{ bytes, narrow: matrix.k === 8, half: matrix.operand === 'f16' },
    ...{ signedDot, packedDot: bytes && !signedDot, integers: false, halves: false, three: false },
    ...{ matrixM: matrix.m, matrixN: matrix.n, matrixK: matrix.k, matrixDown: matrix.down, matrixAcross: matrix.across },
    ...{ matrixDepth: staged.depth, perElement: staged.perElement, rowElements: staged.rowElements },
    element: ELEMENTS[matrix.operand],
    operand: signedDot ? 'i8' : matrix.operand,
    product: bytes ? (signedDot ? 'i32' : 'u32') : 'f32',
    ...{ sizedSubgroup: matrix.sized, subgroupSize: matrix.subgroupSize },
  };
}
