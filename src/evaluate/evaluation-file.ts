import { checkArgument, isObject, TEXT } from '../checks.ts';
import { OptionError } from '../errors.ts';
import { depthOf } from '../network/saved/depth.ts';
import { wordDigest } from './digest.ts';
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
  if (part !== null && !(isObject(part) && part.sha256 === sealOf(result)))
    refuse('is of a part, and was changed since it was written');
  if (digest !== null && !isDigest(digest, part === null ? result.images : null)) refuse('has a digest that is none');
  return { name, result: result as unknown as NamedEvaluation['result'] };
}

type Fields = { readonly [name: string]: unknown };

/** Brackets within brackets that a text may have; a result has 8. */
const MAX_DEPTH = 32;

function parse(text: string): unknown {
  if (depthOf(text, MAX_DEPTH) > MAX_DEPTH) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const isList = (value: unknown, of: (one: unknown) => boolean): boolean => Array.isArray(value) && value.every(of);
const isNumber = (value: unknown): boolean => Number.isFinite(value);
const isAccuracy = (value: unknown): value is Fields => isObject(value) && isNumber(value.top1) && isNumber(value.top5);
const isHash = (value: unknown): boolean => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);

const isResult = (
  value: unknown,
): value is Fields & { readonly images: number; readonly part: unknown; readonly digest: unknown } =>
  isObject(value) &&
  isNumber(value.images) &&
  isNumber(value.spikesPerImage) &&
  (value.ann === null || isAccuracy(value.ann)) &&
  isAccuracy(value.snn) &&
  (value.snn.agreement === null || isNumber(value.snn.agreement)) &&
  isList(value.snn.curve, (point) => isAccuracy(point) && isNumber(point.t)) &&
  isList(value.layers, (layer) => isObject(layer) && typeof layer.name === 'string' && isNumber(layer.spikesPerImage)) &&
  value.part !== undefined &&
  value.digest !== undefined;

/** @param images that it is of; null: some of the subject's */
const isDigest = (value: unknown, images: number | null): boolean => isObject(value) && isDigestOf(value, images);

function isDigestOf({ sha256, blockImages, blocks, network, subject }: Fields, images: number | null): boolean {
  if (!isHash(network) || !isList(blocks, isHash) || !isSubject(subject)) return false;
  const digest = wordDigest(blocks as string[]);
  if (sha256 !== digest.sha256 || blockImages !== digest.blockImages) return false;
  return images === null || (images === subject.dataset.images && Math.ceil(images / digest.blockImages) === digest.blocks.length);
}

const isSubject = (value: unknown): value is Fields & { readonly dataset: Fields } =>
  isObject(value) &&
  (value.model === null || isHash(value.model)) &&
  isObject(value.dataset) &&
  isNumber(value.dataset.offset) &&
  isObject(value.options);

/** SHA-256 of a part's result, without this digest itself, as it is written to JSON. */
function sealOf({ part, ...rest }: Fields): string {
  const { sha256: _, ...own } = part as Fields;
  return hashOf(JSON.parse(JSON.stringify({ ...rest, part: own })));
}

/** A result that says when it was changed, where it is of a part: parts are added up without a further look. */
export const sealed = <E extends { readonly part: object | null }>(result: E): E =>
  result.part ? { ...result, part: { ...result.part, sha256: sealOf(result as unknown as Fields) } } : result;
