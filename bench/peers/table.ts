import { digits } from '../table.ts';
import type { PeerRow, PeersResult } from './result.ts';

const COLUMNS = 100;
const HEAD = ['', 'images/s', 'ours is', 'top-1', 'T', 'images', 'CPU ms', 'with'] as const;
const WIDTHS = [33, 8, 7, 7, 3, 6, 6, 23] as const;

/** Lines of at most 100 columns, one a peer; those that were skipped say why. Pure. */
export function tableLines({ device, host, model, dataset, phaseBits, rows }: PeersResult): string[] {
  const title = `${model} on ${dataset}, K = ${phaseBits}; ${device.adapter}${device.software ? ' (software)' : ''}, ${device.driver}`;
  const load = `${host.cores} cores (${host.cpu}), load ${host.loadBefore.toFixed(1)} before, ${host.loadAfter.toFixed(1)} after`;
  return [title, load, 'CPU ms: processor time an image, all threads', '', line(HEAD), ...rows.flatMap(rowLines)].flatMap((text) =>
    wrap(text),
  );
}

const line = (cells: readonly string[]): string =>
  cells
    .map((cell, i) => (i === 0 || i === WIDTHS.length - 1 ? cell.padEnd(WIDTHS[i]) : cell.padStart(WIDTHS[i])))
    .join(' ')
    .trimEnd();

function rowLines(row: PeerRow): string[] {
  if (row.reason !== null) return [`${row.name}: ${row.wrong ? 'WRONG' : 'skipped'}: ${row.reason}`];
  return [
    line([
      row.name,
      row.imagesPerSecond === null ? '' : digits(row.imagesPerSecond),
      row.ratio === null ? '' : `${digits(row.ratio)} ×`,
      row.accuracy === null ? '' : `${(100 * row.accuracy).toFixed(1)} %`,
      row.steps === null ? '–' : String(row.steps),
      String(row.images),
      row.cpuMs === null ? '' : digits(row.cpuMs),
      row.versions,
    ]),
  ];
}

/** Cuts at spaces; what follows is indented. */
function wrap(text: string): string[] {
  if (text.length <= COLUMNS) return [text];
  const at = text.lastIndexOf(' ', COLUMNS);
  const cut = at > COLUMNS / 2 ? at : COLUMNS;
  return [text.slice(0, cut), ...wrap(`    ${text.slice(cut).trimStart()}`)];
}
