import { DataSetError } from '../../errors.ts';
import { MAX_BYTES } from '../read-file.ts';
import { elementsOf, kindOf } from './npy.ts';
import type { NpyFile } from './npy-header.ts';

/** Labels are kept as 16 bits. */
const LARGEST_LABEL = 65_535;

/**
 * The class of each image: integers of shape [N] or [N, 1], or [N, C], whose largest entry is the class (one-hot; the first of equal
 * ones). Throws DataSetError, for a label that is none by its record.
 */
export async function readLabels({ type, shape, data }: NpyFile): Promise<Uint16Array> {
  const { where } = data;
  const [count, columns = 1] = shape;
  if (shape.length < 1 || shape.length > 2 || columns === 0) {
    const what = `has the shape ${shape.join(' × ') || '()'}, which labels do not have`;
    throw new DataSetError('data-shape', where, what, 'give labels as [N], [N, 1], or [N, classes] with a 1 at the class');
  }
  if (columns === 1 && kindOf(type) === 'real') {
    throw new DataSetError('data-type', where, 'has real numbers for labels', 'save labels.astype("int64")');
  }
  if (data.size > MAX_BYTES) {
    throw new DataSetError(
      'data-size',
      where,
      `has ${data.size} bytes, more than the ${MAX_BYTES} that are read`,
      'give fewer labels',
    );
  }
  const values = elementsOf(await data.read(0, data.size), type);
  return Uint16Array.from({ length: count }, (_, i) => {
    const label = columns === 1 ? values[i] : largest(values.subarray(i * columns, (i + 1) * columns));
    if (label >= 0 && label <= LARGEST_LABEL) return label;
    const what = Number.isNaN(label)
      ? 'has values that are no numbers'
      : `has the label ${label}, which is not from 0 to ${LARGEST_LABEL}`;
    throw new DataSetError('data-label', `${where}, record ${i}`, what, 'number the classes from 0');
  });
}

/** Index of the largest value, the first of equal ones; NaN where one of them is. */
function largest(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) return Number.NaN;
    if (values[i] > values[best]) best = i;
  }
  return best;
}
