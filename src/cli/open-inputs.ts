import type { ImageShape } from '../ann/ann.ts';
import type { DataSet } from '../data/data-set.ts';
import { readNetworkFile } from '../data/network-file.ts';
import { checkForms, type OpenDataSetOptions, openDataSet } from '../data/open.ts';
import { type Model, openModel } from '../evaluate/model.ts';
import type { SavedNetwork } from '../network/saved/load.ts';
import type { ProgressBar } from './progress.ts';

/** What the command line says of the model's output and of images. */
export interface ImageOptions extends Omit<OpenDataSetOptions, 'input' | 'onChecked'> {
  readonly dataset: string;
  readonly calibrateOn?: string;
  readonly output?: string;
}

/** The model, its images, and those to calibrate on where they are others. */
export interface Inputs {
  readonly model: Model;
  readonly dataset: DataSet;
  readonly calibrateOn?: DataSet;
}

/** A saved network and its images. */
export interface SavedFileInputs {
  readonly saved: SavedNetwork;
  readonly dataset: DataSet;
}

/** Reads the model, then opens the images as it takes them. @throws BsnnError */
export async function openInputs(path: string, options: ImageOptions, bar?: ProgressBar): Promise<Inputs> {
  checkForms(specsOf(options), options);
  const model = await openModel(path, given({ output: options.output }));
  return { model, ...(await openImages(model.ann.input, options, bar)) };
}

/** The same of a saved network. @throws BsnnError */
export async function openSavedInputs(path: string, options: ImageOptions, bar?: ProgressBar): Promise<SavedFileInputs> {
  checkForms(specsOf(options), options);
  const saved = await readNetworkFile(path);
  return { saved, ...(await openImages(saved.network.input.shape, options, bar)) };
}

const specsOf = ({ dataset, calibrateOn }: ImageOptions): string[] =>
  calibrateOn === undefined ? [dataset] : [dataset, calibrateOn];

async function openImages(
  input: ImageShape,
  { dataset, calibrateOn, output: _, ...rest }: ImageOptions,
  bar?: ProgressBar,
): Promise<Omit<Inputs, 'model'>> {
  const onChecked = (done: number, images: number) => bar?.show({ stage: 'checking', done, images });
  const open = (spec: string) => openDataSet(spec, { ...rest, input, onChecked });
  try {
    const images = await open(dataset);
    return { dataset: images, ...(calibrateOn !== undefined && { calibrateOn: await open(calibrateOn) }) };
  } finally {
    bar?.stop();
  }
}

/** Parts a command's options into those of its images and the others. */
export function splitOptions<T extends ImageOptions>(options: T): [ImageOptions, Omit<T, keyof ImageOptions>] {
  const { dataset, calibrateOn, output, resize, crop, channels, classes, skipBad, ...others } = options;
  const images = { dataset, calibrateOn, output, resize, crop, channels, classes, skipBad };
  return [{ dataset, ...given(images) }, others];
}

/** Options that were given, for types that do not take undefined as left out. */
export const given = <T extends object>(options: T): { [name in keyof T]?: Exclude<T[name], undefined> } =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as ReturnType<typeof given<T>>;
