import { checkArgument, TEXT } from '../checks.ts';
import { OptionError } from '../errors.ts';
import type { NamedEvaluation } from './merge-parts.ts';
import { hashOf } from './subject.ts';

/** The result that `eval --json` wrote. @param name of the file, for errors @throws OptionError where the text is something else */
export function readEvaluation(text: string, name: string): NamedEvaluation {
  checkArgument('text', text, { ...TEXT, accepts: (value) => typeof value === 'string' });
  checkArgument('name', name, TEXT);
  const refuse = (what: string): never => {
    throw new OptionError('evaluation-file', name, what, 'give what eval --json wrote, as it was written');
  };
  const result = parse(text);
  if (!isResult(result)) return refuse('is no result of an evaluation');
  const { part, digest } = result;
  if (part !== null && !(isRecord(part) && part.sha256 === sealOf(result)))
    refuse('is of a part, and was changed since it was written');
  if (digest !== null && !isDigest(digest)) refuse('has a digest that is none');
  return { name, result: result as unknown as NamedEvaluation['result'] };
}

type Fields = { readonly [name: string]: unknown };

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const isRecord = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const isList = (value: unknown, of: (one: unknown) => boolean): boolean => Array.isArray(value) && value.every(of);
const isNumber = (value: unknown): boolean => typeof value === 'number';
const isHash = (value: unknown): boolean => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);

const isResult = (value: unknown): value is Fields & { readonly part: unknown; readonly digest: unknown } =>
  isRecord(value) &&
  isNumber(value.images) &&
  isNumber(value.spikesPerImage) &&
  (value.ann === null || isRecord(value.ann)) &&
  isRecord(value.snn) &&
  isList(value.layers, (layer) => isRecord(layer) && typeof layer.name === 'string' && isNumber(layer.spikesPerImage)) &&
  value.part !== undefined &&
  value.digest !== undefined;

const isDigest = (value: unknown): boolean =>
  isRecord(value) &&
  isList(value.blocks, isHash) &&
  isNumber(value.blockImages) &&
  isHash(value.network) &&
  isRecord(value.subject) &&
  isRecord(value.subject.dataset) &&
  isRecord(value.subject.options);

/** SHA-256 of a part's result, without this digest itself, as it is written to JSON. */
function sealOf({ part, ...rest }: Fields): string {
  const { sha256: _, ...own } = part as Fields;
  return hashOf(JSON.parse(JSON.stringify({ ...rest, part: own })));
}

/** A result that says when it was changed, where it is of a part: parts are added up without a further look. */
export const sealed = <E extends { readonly part: object | null }>(result: E): E =>
  result.part ? { ...result, part: { ...result.part, sha256: sealOf(result as unknown as Fields) } } : result;
