import { createHash, type Hash } from 'node:crypto';
import type { Ann } from '../ann/ann.ts';
import type { SpikingNetwork } from '../network/network.ts';
import type { CalibrationOrigin } from '../network/saved/about.ts';
import { type ImageSource, readImages } from '../run/source.ts';
import type { NormalizationFigures } from './fit.ts';
import type { EvaluateSettings } from './options.ts';

/** What an evaluation is of. Evaluations of one subject and of equal converted networks have equal figures. */
export interface Subject {
  /** SHA-256 of the trained network; null of a saved one, which has none. */
  readonly model: string | null;
  readonly dataset: {
    readonly name: string;
    /** Images evaluated, and the index of the first in the data set. */
    readonly images: number;
    readonly offset: number;
    /** SHA-256 of the labels, and of the pixels of the first and the last image. */
    readonly labels: string;
    readonly pixels: string;
  };
  /** Options that figures depend on. */
  readonly options: { readonly [name: string]: unknown };
}

/** Options of conversion and evaluation that figures depend on. */
const OPTIONS = [
  ...(['phaseBits', 'loss', 'waves', 'calibration', 'scale', 'percentile', 'perChannel', 'correctBias', 'initial'] as const),
  'diagnosis',
] as const satisfies readonly (keyof EvaluateSettings)[];

/** What it is told by. */
interface Told {
  /** The trained network; null where there is none. */
  readonly ann: Ann | null;
  readonly dataset: string;
  readonly offset: number;
  readonly images: ImageSource;
  /** Where scales come from; left out where nothing is converted. */
  readonly calibratedOn?: CalibrationOrigin;
  readonly calibrationSource?: ImageSource;
  readonly settings: Partial<EvaluateSettings>;
  readonly normalization: NormalizationFigures;
  /** Options that only some work has. */
  readonly own?: { readonly [name: string]: unknown };
}

/** Reads the first and the last image. @throws OptionError for what the source gives */
export async function subjectOf(told: Told): Promise<Subject> {
  const { ann, dataset, offset, images, calibratedOn, calibrationSource, settings, normalization, own } = told;
  const options = OPTIONS.flatMap((name) => (settings[name] === undefined ? [] : [[name, settings[name]]]));
  // other images for calibration than the data set's own
  const calibrateOn = calibratedOn === 'own' && calibrationSource ? { calibrateOn: await pixelsHash(calibrationSource) } : {};
  const { mean, std } = normalization;
  return {
    model: ann && networkHash(ann),
    dataset: {
      name: dataset,
      images: images.count,
      offset,
      labels: hashOf(Float64Array.from(images.labels ?? [])),
      pixels: await pixelsHash(images),
    },
    options: { ...Object.fromEntries(options), mean, std, ...calibrateOn, ...own },
  };
}

/** SHA-256 of the pixels of the first and the last image. */
async function pixelsHash(images: ImageSource): Promise<string> {
  const hash = createHash('sha256').update(await readImages(images, 0, 1));
  return hash.update(await readImages(images, images.count - 1, 1)).digest('hex');
}

/** SHA-256 of a network, whatever it is called: files may have been renamed. */
export const networkHash = ({ name: _, ...network }: Ann | SpikingNetwork): string => hashOf(network);

/** SHA-256 of plain data: equal for equal values, whatever the order of their names. */
export function hashOf(value: unknown): string {
  const hash = createHash('sha256');
  put(hash, value);
  return hash.digest('hex');
}

function put(hash: Hash, value: unknown): void {
  if (ArrayBuffer.isView(value)) {
    hash.update(`${value.constructor.name} ${value.byteLength}:`);
    hash.update(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  } else if (Array.isArray(value)) {
    hash.update(`[${value.length}:`);
    for (const one of value) put(hash, one);
  } else if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, one]) => one !== undefined);
    hash.update(`{${entries.length}:`);
    for (const [name, one] of entries.sort(([a], [b]) => (a < b ? -1 : 1))) {
      put(hash, name);
      put(hash, one);
    }
  } else {
    const text = Object.is(value, -0) ? '-0' : String(value);
    hash.update(`${typeof value} ${text.length}:${text}`);
  }
}

/** What differs, by name, with both values: "option waves is 3 and 2". */
export function differences(a: Subject, b: Subject): string[] {
  const said = (name: string, of: unknown, other: unknown): string[] => {
    const [one, two] = [JSON.stringify(of) ?? 'not given', JSON.stringify(other) ?? 'not given'];
    return one === two ? [] : [`${name} is ${one} and ${two}`];
  };
  const hashed = (name: string, of: string | null, other: string | null): string[] => (of === other ? [] : [`${name} differ`]);
  const options = [...new Set([...Object.keys(a.options), ...Object.keys(b.options)])];
  const trained = [a, b].map(({ model }) => (model === null ? 'a saved network' : 'a trained one'));
  return [
    ...said('the model', trained[0], trained[1]),
    ...(trained[0] === trained[1] ? hashed('the trained networks', a.model, b.model) : []),
    ...said('the data set’s name', a.dataset.name, b.dataset.name),
    ...said('the number of images', a.dataset.images, b.dataset.images),
    ...said('the first image', a.dataset.offset, b.dataset.offset),
    ...hashed('labels', a.dataset.labels, b.dataset.labels),
    ...hashed('pixels', a.dataset.pixels, b.dataset.pixels),
    ...options.flatMap((name) => said(`option ${name}`, a.options[name], b.options[name])),
  ];
}

/** The same, where what is known of one side alone is not held against the other: a saved network has lost its model and options. */
export function knownDifferences(a: Subject, b: Subject): string[] {
  if ((a.model === null) === (b.model === null)) return differences(a, b);
  const known = (one: Subject, other: Subject): Subject => ({
    ...one,
    model: null,
    options: Object.fromEntries(Object.entries(one.options).filter(([name]) => name in other.options)),
  });
  return differences(known(a, b), known(b, a));
}
