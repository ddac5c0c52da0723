import { DataSetError } from '../../errors.ts';
import type { DataSet } from '../data-set.ts';
import type { Classes } from './classes.ts';
import { openPictures, type PictureFile, type PictureOptions, partReadable } from './pictures.ts';

/** Pictures and the numbering of their classes. */
export interface Classified {
  readonly files: readonly PictureFile[];
  readonly classes: Classes;
}

/** How pictures are opened. */
export interface OpenPicturesOptions extends PictureOptions {
  /** Pictures that cannot be read are left out and listed; for that, all are read once before. */
  readonly skipBad?: boolean;
  readonly onChecked?: (done: number, images: number) => void;
}

/** What networks of photographs are customarily normalised with, and the same for grey ones. Source: torchvision's models. */
const PHOTOGRAPHS = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const GREY = { mean: [0.449], std: [0.226] };

/** Pictures in files as a data set. @throws DataSetError, OptionError */
export async function openClassified(
  name: string,
  place: string,
  { files: all, classes }: Classified,
  options: OpenPicturesOptions,
): Promise<DataSet> {
  const { skipBad = false, onChecked = () => {} } = options;
  const { good: files, bad: skipped } = skipBad
    ? await partReadable(all, options, (done) => onChecked(done, all.length))
    : { good: all, bad: [] };
  if (files.length === 0)
    throw new DataSetError('data-corrupt', place, `none of its ${all.length} pictures can be read`, 'look at one');
  const evaluation = await openPictures(files, options);
  const { mean, std } = evaluation.shape.channels === 1 ? GREY : PHOTOGRAPHS;
  return { name, classes: classes.names, mean, std, evaluation, training: null, sortedClasses: classes.sorted, skipped };
}
