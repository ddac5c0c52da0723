import { readFile, stat } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { checkArgument, TEXT } from '../checks.ts';
import { ModelFormatError } from '../errors.ts';
import { MAX_TEXT_BYTES, systemCode } from './read-file.ts';

/** What a model's sidecar MODEL.json says about its input and output. Other fields are left alone. */
export interface Sidecar {
  /** Mean of pixels / 255, one a channel. Always together with `std`. */
  readonly mean?: readonly number[];
  /** Standard deviation of pixels / 255, one a channel, above 0. */
  readonly std?: readonly number[];
  /** Class names, in the order of the logits. */
  readonly classes?: readonly string[];
}

const REMEDY =
  'expected {"mean": [0.5], "std": [0.25], "classes": ["cat", "dog"]}, each of the three optional, mean and std together';

/** The sidecar MODEL.json beside MODEL.onnx; null where there is none. Throws ModelFormatError by file and field. */
export async function readSidecar(modelPath: string): Promise<Sidecar | null> {
  checkArgument('modelPath', modelPath, TEXT);
  const { dir, name } = parse(modelPath);
  const path = join(dir, `${name}.json`);
  const text = await readText(path);
  return text === null ? null : parseSidecar(text, path);
}

async function readText(path: string): Promise<string | null> {
  try {
    const found = await stat(path);
    // a named pipe would hold us up
    if (!found.isFile()) throw new ModelFormatError('sidecar-unreadable', path, 'is not a file', REMEDY);
    if (found.size <= MAX_TEXT_BYTES) return await readFile(path, 'utf8');
    throw new ModelFormatError('sidecar-size', path, `has ${found.size} bytes, too many for a sidecar`, REMEDY);
  } catch (cause) {
    if (cause instanceof ModelFormatError) throw cause;
    const code = systemCode(cause);
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new ModelFormatError('sidecar-unreadable', path, `cannot be read (${code ?? cause})`, REMEDY, { cause });
  }
}

function parseSidecar(text: string, path: string): Sidecar {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ModelFormatError('sidecar-json', path, `is not JSON (${reason})`, REMEDY, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ModelFormatError('sidecar-json', path, 'is not a JSON object', REMEDY);
  }
  const fields = value as Readonly<Record<string, unknown>>;
  const mean = list(fields, 'mean', path, 'finite numbers', isFiniteNumber);
  const std = list(fields, 'std', path, 'finite numbers above 0', (v): v is number => isFiniteNumber(v) && v > 0);
  const classes = list(fields, 'classes', path, 'strings', (v) => typeof v === 'string');
  if (mean?.length !== std?.length) {
    const what = `has ${std?.length ?? 0} entries, "mean" ${mean?.length ?? 0}`;
    throw new ModelFormatError('sidecar-field', `${path}, field "std"`, what, REMEDY);
  }
  return { ...(mean && { mean }), ...(std && { std }), ...(classes && { classes }) };
}

/** A field that is a list of at least one `T`; undefined where the field is absent. */
function list<T>(
  fields: Readonly<Record<string, unknown>>,
  field: string,
  path: string,
  kind: string,
  is: (v: unknown) => v is T,
): T[] | undefined {
  const value = fields[field];
  if (value === undefined) return undefined;
  const entries: readonly unknown[] = Array.isArray(value) ? value : [];
  if (entries.length > 0 && entries.every(is)) return [...entries];
  const wrong = entries.findIndex((v) => !is(v));
  const what = wrong < 0 ? `is not a list of ${kind}` : `entry ${wrong} is ${JSON.stringify(entries[wrong])}; must be ${kind}`;
  throw new ModelFormatError('sidecar-field', `${path}, field "${field}"`, what, REMEDY);
}

const isFiniteNumber = (v: unknown): v is number => typeof v === 'number' && Number.isFinite(v);
