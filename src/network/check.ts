import { ConversionError } from '../errors.ts';
import { checkRules } from './check-rules.ts';
import { checkStructure } from './check-structure.ts';
import type { Finding, Report } from './finding.ts';
import type { SpikingNetwork } from './network.ts';

export type { Finding } from './finding.ts';

const AGAIN = 'convert the model again';

/**
 * All that exactness needs of a network (specification, sections 2, 3, 5, 6, 7), for networks made and networks handed in, also from
 * `structuredClone` or a file: form of the data, shapes, order, depths, timetable, units, grid and the bounds on every sum. Rules that
 * need sound data are asked only where the data are sound. Empty: every engine and the reference compute the same bits of it.
 */
export function checkNetwork(network: SpikingNetwork): readonly Finding[] {
  const findings: Finding[] = [];
  const report: Report = (layer, what, remedy = AGAIN) => findings.push({ layer, what, remedy });
  checkStructure(network, report);
  if (findings.length === 0) checkRules(network, report);
  return findings;
}

/**
 * @param file what errors call the file that the network comes from, where it comes from one
 * @throws ConversionError that names the first finding, and how many more there are
 */
export function check(network: SpikingNetwork, file?: string): void {
  const [first, ...more] = checkNetwork(network);
  if (!first) return;
  const where = first.layer === null ? `network "${network?.name}"` : `layer "${first.layer}"`;
  const inFile = file === undefined ? '' : `${file}, `;
  const others = more.length > 0 ? ` (and ${more.length} more)` : '';
  throw new ConversionError('unsound-network', `${inFile}${where}`, `${first.what}${others}`, first.remedy);
}
