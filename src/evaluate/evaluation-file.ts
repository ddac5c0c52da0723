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
  if (digest !== null && !isDigest(digest, result)) refuse('has a digest that is none, or of other work');
  return { name, result: result as unknown as NamedEvaluation['result'] };
}

type Fields = { readonly [name: string]: unknown };

/** What is looked at of a result. */
interface Result extends Fields {
  readonly images: number;
  readonly ann: unknown;
  readonly part: unknown;
  readonly digest: unknown;
}

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

const isResult = (value: unknown): value is Result =>
  isObject(value) &&
  isNumber(value.images) &&
  isNumber(value.spikesPerImage) &&
  (value.ann === null || isAccuracy(value.ann)) &&
  isAccuracy(value.snn) &&
  (value.ann === null ? value.snn.agreement === null : isNumber(value.snn.agreement)) &&
  isList(value.snn.curve, (point) => isAccuracy(point) && isNumber(point.t)) &&
  isList(value.layers, (layer) => isObject(layer) && typeof layer.name === 'string' && isNumber(layer.spikesPerImage)) &&
  value.part !== undefined &&
  value.digest !== undefined;

/** Whether it is a digest, and of the result that it stands in. */
const isDigest = (value: unknown, result: Result): boolean => isObject(value) && isDigestOf(value, result);

function isDigestOf({ sha256, blockImages, blocks, network, subject }: Fields, { images, ann, part }: Result): boolean {
  if (!isHash(network) || !isList(blocks, isHash) || !isSubject(subject)) return false;
  const digest = wordDigest(blocks as string[]);
  if (sha256 !== digest.sha256 || blockImages !== digest.blockImages) return false;
  const isWhole = images === subject.dataset.images && Math.ceil(images / digest.blockImages) === digest.blocks.length;
  return (part !== null || isWhole) && (ann === null) === (subject.model === null);
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
