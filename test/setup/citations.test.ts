import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

// Code, shaders, tests and documents cite docs/specification.md by section: each that they name must be there.

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** Numbers of the headings "## 3. The integer grid". */
const sectionsOf = (text: string): number[] => [...text.matchAll(/^## (\d+)\. /gm)].map(([, n]) => Number(n));

/** Sections that a text cites: "specification, section 2", "sections 2 and 7", "(section 5)", also across lines of a comment. */
function citedIn(text: string): number[] {
  const running = text.replace(/\s*\n\s*(?:\*|\/\/)?\s*/g, ' ');
  return [...running.matchAll(/\bsections? (\d+(?:(?:, | and |, and |–)\d+)*)/g)].flatMap(([, list]) =>
    [...list.matchAll(/\d+/g)].map(Number),
  );
}

/** The generated copy of the shaders is left out. */
const GENERATED = join('src', 'kernels', 'sources.ts');

const filesIn = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((name) => /\.(ts|wgsl|md)$/.test(name) && name !== GENERATED);

const files = [...['src', 'shaders', 'bench', 'docs'].flatMap(filesIn), 'README.md', 'ARCHITECTURE.md'];
const cited = files.map((file) => ({ file, sections: citedIn(read(file)) })).filter(({ sections }) => sections.length > 0);
const sections = sectionsOf(read('docs/specification.md'));

describe('sections of the specification', () => {
  it('are numbered from 1 on', () => {
    expect(sections).toEqual(sections.map((_, i) => i + 1));
    expect(sections.length).toBeGreaterThanOrEqual(11);
  });

  it('are cited', () => {
    expect(cited.filter(({ file }) => file.startsWith('src')).length).toBeGreaterThan(15);
    expect(cited.filter(({ file }) => file.startsWith('shaders')).length).toBeGreaterThan(10);
  });

  it.each(cited)('$file cites sections that are there', ({ sections: all }) => {
    expect(all.filter((n) => !sections.includes(n))).toEqual([]);
  });
});

describe('the check itself', () => {
  it.each([
    ['one', '(specification, section 12)', [12]],
    ['two', '(specification, sections 2 and 8)', [2, 8]],
    ['several', 'sections 2, 3, 5, 7). Pure', [2, 3, 5, 7]],
    ['without the word before it', '(section 6: firing in windows)', [6]],
    ['across lines of a block comment', '(specification,\n * section 10), at', [10]],
    ['across lines of line comments', '(specification, sections 7\n// and 9)', [7, 9]],
    ['a list cut by a line', 'sections 2,\n   * 3', [2, 3]],
    ['no section', 'a section of 3 lines; 5 sections', []],
  ])('reads %s', (_, text, expected) => {
    expect(citedIn(text)).toEqual(expected);
  });

  it('reads headings of sections alone', () => {
    expect(sectionsOf('# 1. A\n## 1. B\n### 2. C\n## D\n## 2. E\n')).toEqual([1, 2]);
  });
});
