import { digits } from '../table.ts';
import type { Exactness } from './exact.ts';
import type { ImportCost } from './importing.ts';

/** One program, planned for what every WebGPU device offers. */
export interface PlannedRow {
  /** Images at once, as it fits. */
  readonly batch: number;
  /** Of all buffers together. */
  readonly bytes: number;
  /** Of the largest binding. */
  readonly binding: number;
}

/** One architecture, from file to spikes. */
export interface ArchitectureRow {
  readonly name: string;
  readonly fileBytes: number;
  /** Of the network by itself, and as it was imported. */
  readonly multiplyAdds: number;
  readonly imported: number;
  readonly layers: number;
  readonly importing: ImportCost;
  /** The trained network, one image at once. */
  readonly trained: PlannedRow;
  /** The spiking network, three waves: one image at once, and as many as fit of the default. */
  readonly one: PlannedRow;
  readonly most: PlannedRow;
  readonly convertSeconds: number;
  readonly exact: Exactness;
}

/** Bytes of a binding, of all buffers, and of importing beyond the file's size; seconds of the processor for importing. */
const MOST = { binding: 2 ** 27, bytes: 2 ** 31, importBytes: 2 ** 29, importSeconds: 2 } as const;

/** What of a row is not as it should be, in words. Pure. */
export function faults({ name, fileBytes, importing, trained, one, most, exact }: ArchitectureRow): string[] {
  const plans = [trained, one, most];
  const checks: [boolean, string][] = [
    [plans.some(({ binding }) => binding > MOST.binding), 'a binding is larger than 128 MiB'],
    [plans.some(({ bytes }) => bytes > MOST.bytes), 'a plan takes more than 2 GiB'],
    [importing.seconds > MOST.importSeconds, 'importing takes more than 2 s'],
    [importing.bytes > fileBytes + MOST.importBytes, 'importing takes more than 512 MiB beyond the file’s size'],
    [exact.different > 0, `${exact.different} of ${exact.compared} numbers differ from the reference’s`],
    [exact.silent > 0, `${exact.silent} layers are silent`],
  ];
  return checks.flatMap(([wrong, what]) => (wrong ? [`${name}: ${what}`] : []));
}

/** Titles of `cells`. */
export const HEAD = [
  ...['network', 'million multiply-adds', 'imported', 'ratio', 'layers', 'file, MiB', 'import: processor s', 'memory, MiB'],
  ...['largest binding, MiB', 'batch 1, MiB', 'batch, MiB', 'spikes a word', 'convert / compile / run / reference, s', 'compared'],
  'different',
] as const;

const mebibytes = (bytes: number): string => digits(bytes / 2 ** 20);
const millions = (n: number): string => Math.round(n / 1e6).toLocaleString('en');

/** One row of the table. Pure. */
export function cells(row: ArchitectureRow): string[] {
  const { importing, one, most, exact } = row;
  return [
    row.name,
    millions(row.multiplyAdds),
    millions(row.imported),
    (row.imported / row.multiplyAdds).toFixed(3),
    String(row.layers),
    mebibytes(row.fileBytes),
    importing.seconds.toFixed(2),
    mebibytes(importing.bytes),
    mebibytes(Math.max(one.binding, most.binding)),
    mebibytes(one.bytes),
    `${most.batch}: ${mebibytes(most.bytes)}`,
    exact.spikesPerWord.toFixed(2),
    [row.convertSeconds, exact.compileSeconds, exact.runSeconds, exact.referenceSeconds].map(digits).join(' / '),
    exact.compared.toLocaleString('en'),
    String(exact.different),
  ];
}
