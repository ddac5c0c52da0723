import { writeJson } from '../src/cli/json-file.ts';

/** Keeps the rows of a result, and its file up to date. */
export interface RowKeeper<Row> {
  /** Adds a row; the file has it when this returns. */
  readonly add: (row: Row) => void;
  /** All rows are there: the file no longer says `cut: true`. @returns them */
  readonly finish: () => readonly Row[];
}

/**
 * Writes `{ ...head(), cut: true, rows }` whole after every row, so that a run which is cut off at any moment leaves a valid file with
 * what it had; `cut` goes when it has finished.
 * @param file null: no file
 * @param head what the file says besides, as it is at that moment
 */
export function keepRows<Row>(file: string | null, head: () => object): RowKeeper<Row> {
  const rows: Row[] = [];
  return {
    add: (row) => {
      rows.push(row);
      if (file) writeJson(file, { ...head(), cut: true, rows });
    },
    finish: () => {
      if (file) writeJson(file, { ...head(), rows });
      return rows;
    },
  };
}
