/**
 * node scripts/run-ts.mjs bench/architectures.ts [NAME …] [--json FILE]: well-known networks with random weights, at 224 × 224 and 1,000
 * classes, from the ONNX file to spikes: what importing costs, multiply-adds beside the network's own, what a run takes of memory and
 * bindings, and one image, one wave: every word, spike count and potential against the reference. Prints Markdown rows as they come
 * and writes the file after each of them; rows of other networks that it has stay. Exit 1 where something is not as it should be.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { openDevice } from '../src/gpu/node.ts';
import { ARCHITECTURES } from './architectures/all.ts';
import { measureArchitecture } from './architectures/measure.ts';
import { type ArchitectureRow, cells, faults, HEAD } from './architectures/row.ts';
import { commit } from './commit.ts';
import { exitWith } from './exit.ts';

/** A row, and what it was measured on. */
interface MeasuredRow extends ArchitectureRow {
  readonly adapter: string;
  readonly driver: string;
  readonly commit: string;
  readonly date: string;
}

const COMMAND = 'node scripts/run-ts.mjs bench/architectures.ts';
const NAMES = Object.keys(ARCHITECTURES);
const USAGE = `usage: ${COMMAND} [NAME …] [--json FILE]   (NAME: ${NAMES.join(', ')}; default: all)`;

/** Names and the file to write. @throws Error for arguments that are wrong */
function parse(args: string[]): { readonly names: readonly string[]; readonly json: string | undefined } {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { json: { type: 'string' } } });
  const unknown = positionals.find((name) => !NAMES.includes(name));
  if (unknown) throw new Error(`"${unknown}" is no architecture`);
  return { names: positionals.length > 0 ? positionals : NAMES, json: values.json };
}

const markdown = (texts: readonly string[]): string => `| ${texts.join(' | ')} |`;

/** Puts a row into the file, in its network's place. */
function writeRow(file: string, row: MeasuredRow): void {
  const known: MeasuredRow[] = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).rows : [];
  const all = [...known.filter(({ name }) => name !== row.name), row];
  const rows = all.sort((a, b) => NAMES.indexOf(a.name) - NAMES.indexOf(b.name));
  writeFileSync(file, `${JSON.stringify({ command: COMMAND, rows }, null, 2)}\n`);
}

async function main(args: string[]): Promise<number> {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    return 2;
  }
  const wrong: string[] = [];
  const device = await openDevice();
  const { adapter, driver } = device.description;
  try {
    console.log(`${markdown(HEAD)}\n${markdown(HEAD.map(() => '---'))}`);
    for (const name of parsed.names) {
      const row = await measureArchitecture(device, name);
      console.log(markdown(cells(row)));
      wrong.push(...faults(row));
      if (parsed.json) writeRow(parsed.json, { ...row, adapter, driver, commit: commit(), date: new Date().toISOString() });
    }
  } finally {
    device.dispose();
  }
  for (const what of wrong) console.error(what);
  return wrong.length === 0 ? 0 : 1;
}

await exitWith(main);
