import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
import { DeviceError } from '../errors.ts';

/** Values of the `#if ${name}` conditions of a shader; numbers and words stand where `${name}` does. */
export type Conditions = Readonly<Record<string, boolean | number | string>>;

/**
 * The WGSL of a shader file under the given conditions. Pure.
 * @param name the file, for errors
 * @throws DeviceError naming file and line for an unknown directive, an unknown condition or an unbalanced `#if`
 */
export function preprocess(name: string, text: string, conditions: Conditions): string {
  const fail = (offset: number, what: string): never => {
    const line = text.slice(0, offset).split('\n').length;
    throw new DeviceError('shader-text', `shaders/${name}.wgsl:${line}`, what, 'directives are #if, #elif, #else and #endif');
  };
  for (const match of text.matchAll(/^[ \t]*#(\w*)/gm)) {
    if (!['if', 'elif', 'else', 'endif'].includes(match[1])) fail(match.index, `unknown directive #${match[1]}`);
  }
  for (const match of text.matchAll(/\$\{(\w*)\}/g)) {
    if (!Object.hasOwn(conditions, match[1])) fail(match.index, `unknown condition "${match[1]}"`);
  }
  const parts = text.split(/\$\{(\w+)\}/);
  const strings = parts.filter((_, i) => i % 2 === 0);
  const values = parts.filter((_, i) => i % 2 === 1).map((key) => conditions[key]);
  try {
    return wgsl(strings as unknown as TemplateStringsArray, ...values);
  } catch (error) {
    return fail(text.length, (error as Error).message);
  }
}

/** How WGSL lays a struct out, read from its declaration when the library is built (`scripts/embed-shaders.mjs`). */
export interface StructLayout {
  /** Bytes, rounded up to 16. */
  readonly size: number;
  readonly members: { readonly [member: string]: MemberLayout };
}

interface MemberLayout {
  readonly offset: number;
  /** From one element of an array to the next. */
  readonly stride: number;
  /** Of each element, where it is a struct. */
  readonly struct?: StructLayout;
}

/** Numbers by member name; arrays of structs as lists. Integers up to 2^32; members that are left out are 0. */
export type StructValues = { readonly [member: string]: number | readonly number[] | readonly StructValues[] };

/** Writes named numbers where a struct has them. @throws DeviceError for a member that it does not have */
export function writeStruct(layout: StructLayout, view: DataView, values: StructValues, base = 0): void {
  for (const [name, value] of Object.entries(values)) {
    const member = Object.hasOwn(layout.members, name) ? layout.members[name] : undefined;
    if (!member) throw new DeviceError('shader-text', 'parameters', `the struct has no member "${name}"`, 'correct the kernel');
    const at = base + member.offset;
    if (typeof value === 'number') view.setUint32(at, value, true);
    else {
      value.forEach((item, i) => {
        if (typeof item === 'number') view.setUint32(at + 4 * i, item, true);
        else writeStruct(member.struct as StructLayout, view, item, at + member.stride * i);
      });
    }
  }
}
