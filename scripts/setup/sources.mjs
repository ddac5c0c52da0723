// Reads apt's package sources, in both of their forms, to find the mirror that this machine uses. Pure but for `readSources`.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const words = (text = '') => text.split(/\s+/).filter(Boolean);

/**
 * Parses a deb822 file (`*.sources`): stanzas of `Field: value`, continued by indented lines.
 * @param {string} text
 * @returns {import('./sources.mjs').Source[]}
 */
export function parseDeb822(text) {
  const lines = text.split(/\r?\n/).filter((line) => !line.startsWith('#'));
  const stanzas = lines.join('\n').split(/\n[ \t]*\n/);
  return stanzas.flatMap((stanza) => {
    const field = /** @type {Record<string, string>} */ ({});
    for (const [, name, value] of stanza.matchAll(/^([A-Za-z-]+):((?:.*)(?:\n[ \t].*)*)/gm))
      field[name.toLowerCase()] = value.trim();
    if (!words(field.types).includes('deb') || /^(no|false|off|0)$/i.test(field.enabled ?? '')) return [];
    const { 'signed-by': signedBy } = field;
    // A key written out inside the stanza cannot be named from another file.
    const named = signedBy?.startsWith('/') ? { signedBy } : {};
    return [{ uris: words(field.uris), suites: words(field.suites), components: words(field.components), ...named }];
  });
}

/**
 * Parses an old-style file (`sources.list`, `*.list`): one `deb [options] URI suite component…` a line.
 * @param {string} text
 * @returns {import('./sources.mjs').Source[]}
 */
export function parseList(text) {
  return text.split(/\r?\n/).flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)([^#]*)/.exec(line);
    if (!match) return [];
    const [, options, uri, suite, components] = match;
    const signedBy = /(?:^|\s)signed-by=(\/\S+)/i.exec(options ?? '')?.[1];
    return [{ uris: [uri], suites: [suite], components: words(components), ...(signedBy ? { signedBy } : {}) }];
  });
}

/**
 * Every enabled source under `root` (/etc/apt); files that apt itself would not read are left out.
 * @returns {import('./sources.mjs').Source[]}
 */
export function readSources(root = '/etc/apt') {
  const read = (/** @type {string} */ file) => {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      return '';
    }
  };
  const parts = join(root, 'sources.list.d');
  const names = (() => {
    try {
      return readdirSync(parts).sort();
    } catch {
      return [];
    }
  })();
  return [
    ...parseList(read(join(root, 'sources.list'))),
    ...names.filter((name) => name.endsWith('.list')).flatMap((name) => parseList(read(join(parts, name)))),
    ...names.filter((name) => name.endsWith('.sources')).flatMap((name) => parseDeb822(read(join(parts, name)))),
  ];
}

/**
 * The mirror that carries `codename` (bookworm), the keyring it is checked with, and whether its backports are configured already.
 * @param {import('./sources.mjs').Source[]} sources
 * @param {string} codename
 * @returns {{ mirror?: string, signedBy?: string, hasBackports: boolean }}
 */
export function findMirror(sources, codename) {
  const main = sources.find((source) => source.suites.includes(codename) && source.uris.length > 0);
  return {
    hasBackports: sources.some((source) => source.suites.includes(`${codename}-backports`)),
    ...(main ? { mirror: main.uris[0] } : {}),
    ...(main?.signedBy ? { signedBy: main.signedBy } : {}),
  };
}
