import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  type BsnnError,
  ConversionError,
  DataSetError,
  DeviceError,
  type ErrorCode,
  ModelFormatError,
  OptionError,
  UnsupportedModelError,
} from '../../src/errors.ts';
import { OPTION_TABLES } from '../helpers/option-tables.ts';

// docs/errors.md against src/errors.ts against what is thrown. The compiler holds that no other code is thrown; this, that none of
// those listed is left over, and that a reader finds each.

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CLASSES = Object.fromEntries(
  [UnsupportedModelError, ModelFormatError, DataSetError, DeviceError, ConversionError, OptionError].map((one) => [one.name, one]),
) as Readonly<Record<string, typeof BsnnError>>;
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** "Class code", sorted, of the unions `ClassCode` in a source text. */
function declared(source: string): string[] {
  const unions = source.matchAll(/^export type (\w+)Code =([^;]*);/gm);
  return [...unions].flatMap(([, name, text]) => [...text.matchAll(/'([^']+)'/g)].map(([, code]) => `${name}Error ${code}`)).sort();
}

interface Row {
  readonly name: string;
  readonly code: string;
  readonly exit: number;
  readonly cells: readonly string[];
}

/** The rows of the tables under headings that name a class. */
function documented(text: string): Row[] {
  return text.split(/^## /m).flatMap((section) => {
    const [name] = section.split('\n', 1);
    const rows = [...section.matchAll(/^\| `([^`]+)` \| (\d+) \| (.*) \| (.*) \|$/gm)];
    return rows.map(([, code, exit, ...cells]) => ({ name, code, exit: Number(exit), cells }));
  });
}

/** Functions that hand a code on to an error; where there is a new one, name it here. */
const HANDING_ON = ['cannot', 'refuse', 'checkCount', 'perChannel', 'choose', 'wrong'];

/**
 * The string literals that stand for a code where errors are made: "Class code" for the first argument of one, the literal alone
 * for any argument of a function that hands it on.
 */
function thrown(source: string): string[] {
  const made = [...source.matchAll(/\bnew (\w+)\(\s*'([^']+)'/g)].map(([, name, code]) => `${name} ${code}`);
  const calls = [...source.matchAll(new RegExp(`\\b(?:${HANDING_ON.join('|')})\\(`, 'g'))];
  return [...made, ...calls.flatMap((call) => literalsIn(source, call.index + call[0].length))];
}

/** String literals from `from` to the closing parenthesis, also within others. */
function literalsIn(source: string, from: number): string[] {
  const found: string[] = [];
  let depth = 1;
  for (const [token] of source.slice(from).matchAll(/'[^'\n]*'|`[^`]*`|[()]/g)) {
    if (token === '(') depth++;
    else if (token === ')') depth--;
    else if (token.startsWith("'")) found.push(token.slice(1, -1));
    if (depth === 0) break;
  }
  return found;
}

const sources = readdirSync(join(ROOT, 'src'), { recursive: true })
  .map(String)
  .filter((name) => name.endsWith('.ts') && name !== 'errors.ts' && name !== join('kernels', 'sources.ts'))
  .map((name) => read(join('src', name)));
const codes = declared(read('src/errors.ts'));
const rows = documented(read('docs/errors.md'));

describe('error codes', () => {
  it('docs/errors.md has exactly those of src/errors.ts, under their classes', () => {
    expect(codes.length).toBeGreaterThan(80);
    expect(rows.map(({ name, code }) => `${name} ${code}`).sort()).toEqual(codes);
  });

  it.each(rows)('$name $code: says when, what to do, and how the command ends', ({ name, code, exit, cells }) => {
    expect(new CLASSES[name](code as ErrorCode, '', '', '').exitCode).toBe(exit);
    for (const cell of cells) expect(cell).toMatch(/\w/);
  });

  it('each is thrown somewhere', () => {
    // the names of options are codes, thrown where the tables are asked
    const ofOptions = Object.values(OPTION_TABLES).flatMap((table) => Object.keys(table));
    const used = new Set([...sources.flatMap(thrown), ...ofOptions]);
    expect(codes.filter((line) => !used.has(line) && !used.has(line.split(' ')[1]))).toEqual([]);
  });
});

describe('the check itself', () => {
  it('reads unions, and nothing that is none', () => {
    const source =
      "export type ACode = 'one' | 'two';\nexport type BCode =\n  | 'three';\nconst c = 'four';\nexport type ErrorCode = ACode | BCode;";
    expect(declared(source)).toEqual(['AError one', 'AError two', 'BError three']);
  });

  it('reads rows, and only under their heading', () => {
    const text = '# E\n\n| 3 | no |\n\n## AError\n\n| code | exit | a | b |\n| --- | --- | --- | --- |\n| `one` | 3 | x | y |\n';
    expect(documented(text)).toEqual([{ name: 'AError', code: 'one', exit: 3, cells: ['x', 'y'] }]);
  });

  it('finds codes where errors are made, and not elsewhere', () => {
    const source = [
      "throw new AError('one', 'where', `(what`, 'remedy');",
      'throw new AError(',
      "  'two',",
      "throw cannot(node, f('no'), 'remedy', 'three');",
      "const four = 'four';",
    ].join('\n');
    expect(thrown(source)).toEqual(['AError one', 'AError two', 'no', 'remedy', 'three']);
  });
});
