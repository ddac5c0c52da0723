import { WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js';
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

/** A struct's size and a function that writes named numbers into bytes, as WGSL lays them out. Derived from the text. */
export interface StructLayout {
  readonly size: number;
  readonly write: (view: DataView, values: StructValues) => void;
}

/** Numbers by member name; arrays of structs as lists. Integers up to 2^32; members that are left out are 0. */
export type StructValues = { readonly [member: string]: number | readonly number[] | readonly StructValues[] };

/** Derives the layout of `struct name` from the structs and consts that the given shader texts declare. */
export function structLayout(texts: readonly string[], name: string): StructLayout {
  const declarations = texts.flatMap((text) => text.match(/^(struct \w+ \{[^}]*\}|const \w+ = [^;]*;)/gm) ?? []);
  const reflected = new WgslReflect(declarations.join('\n'));
  const struct = reflected.structs.find((s) => s.name === name);
  if (!struct) throw new DeviceError('shader-text', `struct ${name}`, 'is not declared', 'declare it in the shader or its library');
  return { size: Math.ceil(struct.size / 16) * 16, write: (view, values) => writeStruct(struct, view, 0, values) };
}

type Struct = WgslReflect['structs'][number];

function writeStruct(struct: Struct, view: DataView, base: number, values: StructValues): void {
  const members = new Map(struct.members.map((member) => [member.name, member]));
  for (const [name, value] of Object.entries(values)) {
    const member = members.get(name);
    if (!member) throw new DeviceError('shader-text', `struct ${struct.name}`, `has no member "${name}"`, 'correct the kernel');
    const at = base + member.offset;
    if (typeof value === 'number') view.setUint32(at, value, true);
    else {
      const element = (member.type as { format?: Struct }).format;
      const stride = (member.type as { stride?: number }).stride || 4;
      value.forEach((item, i) => {
        if (typeof item === 'number') view.setUint32(at + 4 * i, item, true);
        else writeStruct(element as Struct, view, at + stride * i, item);
      });
    }
  }
}
