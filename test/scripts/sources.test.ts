import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findMirror, parseDeb822, parseList, readSources } from '../../scripts/setup/sources.mjs';

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
const debian12 = `Types: deb
# http://snapshot.debian.org/archive/debian/20250520T000000Z
URIs: http://deb.debian.org/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: ${keyring}

Types: deb
URIs: http://deb.debian.org/debian-security
Suites: bookworm-security
Components: main
Signed-By: ${keyring}
`;

it('deb822: the stanzas of a Debian image', () => {
  const sources = parseDeb822(debian12);
  expect(sources.map(({ suites }) => suites)).toEqual([['bookworm', 'bookworm-updates'], ['bookworm-security']]);
  expect(findMirror(sources, 'bookworm')).toEqual({
    mirror: 'http://deb.debian.org/debian',
    signedBy: keyring,
    hasBackports: false,
  });
});

it('deb822: continued fields, disabled and source-only stanzas, a key written out', () => {
  const sources = parseDeb822(
    [
      'Types: deb deb-src\nURIs: mirror+file:/etc/apt/mirrors/debian.list\n http://second.example/debian\nSuites:\n trixie\n trixie-backports\n' +
        'Components: main\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc',
      'Enabled: no\nTypes: deb\nURIs: http://off.example\nSuites: trixie\nComponents: main',
      'Types: deb-src\nURIs: http://src.example\nSuites: trixie\nComponents: main',
    ].join('\n\n'),
  );
  expect(sources).toHaveLength(1);
  expect(findMirror(sources, 'trixie')).toEqual({ mirror: 'mirror+file:/etc/apt/mirrors/debian.list', hasBackports: true });
});

it.each([
  ['plain', 'deb http://a.example/debian bookworm main contrib # note', {}],
  ['with options', `deb [ arch=amd64 signed-by=${keyring} ] http://a.example/debian bookworm main contrib`, { signedBy: keyring }],
])('one line, %s', (_, line, more) => {
  const source = { uris: ['http://a.example/debian'], suites: ['bookworm'], components: ['main', 'contrib'], ...more };
  expect(parseList(`# deb http://off.example/ x main\n${line}\ndeb-src http://a.example/debian bookworm main\n`)).toEqual([source]);
});

it('no source of that release: no mirror', () => {
  expect(findMirror(parseDeb822(debian12), 'trixie')).toEqual({ hasBackports: false });
});

it('reads what apt reads: sources.list, *.list and *.sources, and nothing else', () => {
  const root = mkdtempSync(join(tmpdir(), 'bsnn-apt-'));
  try {
    mkdirSync(join(root, 'sources.list.d'));
    const line = (host: string) => `deb http://${host}/debian bookworm main\n`;
    writeFileSync(join(root, 'sources.list'), line('one'));
    writeFileSync(join(root, 'sources.list.d/a.list'), line('two'));
    writeFileSync(join(root, 'sources.list.d/b.sources'), debian12);
    writeFileSync(join(root, 'sources.list.d/c.list.disabled'), line('three'));
    const uris = readSources(root).flatMap((source) => source.uris);
    expect(uris).toEqual([
      'http://one/debian',
      'http://two/debian',
      'http://deb.debian.org/debian',
      'http://deb.debian.org/debian-security',
    ]);
    expect(readSources(join(root, 'missing'))).toEqual([]);
  } finally {
    rmSync(root, { recursive: true });
  }
});
