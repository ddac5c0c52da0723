/** Where ICU's data begin in a file: a header of two bytes of length, then this magic, and "CmnD" at byte 12. */
const MAGIC = [0xda, 0x27] as const;
const FORMAT = 'CmnD';
const FORMAT_AT = 12;
/** Resources of English and of no language, and what is shared between languages. */
const ENGLISH = /(^|\/)(root|en|en_US|en_US_POSIX|pool|res_index|ucadata|tzdbNames)\.\w+$/;
/** A language's resource: in a folder (currencies, zones, units, …), or by the language's code. Others are properties of characters. */
const LOCALE = /\/|^[a-z]{2,3}(_\w+)?\.res$/;

/** Whether English text needs an item of ICU's data; code pages and dictionaries of other scripts it does not. Pure. */
export function isNeeded(name: string): boolean {
  if (/\.(cnv|dict)$/.test(name)) return false;
  return !name.endsWith('.res') || ENGLISH.test(name) || !LOCALE.test(name);
}

/**
 * Zeroes, in place, what English does not need of the ICU data within a binary, so that it compresses: Node's are 30 MB. Tables and sizes
 * stay as they are, and the head of each item: a lookup finds an empty resource, and falls back to the root's.
 * @returns bytes zeroed; 0 where there are no such data
 */
export function trimIcu(file: Buffer): number {
  const start = startOf(file);
  if (start < 0) return 0;
  const contents = start + file.readUInt16LE(start);
  const items = Array.from({ length: file.readUInt32LE(contents) }, (_, i) => {
    const entry = contents + 4 + 8 * i;
    const name = contents + file.readUInt32LE(entry);
    // the package's own name comes first: icudt77l/curr/de.res
    const path = file.toString('latin1', name, file.indexOf(0, name)).replace(/^[^/]*\//, '');
    return { path, at: contents + file.readUInt32LE(entry + 4) };
  });
  let zeroed = 0;
  // where the last item ends is not said
  for (const [i, { path, at }] of items.slice(0, -1).entries()) {
    if (isNeeded(path)) continue;
    const [from, to] = [at + file.readUInt16LE(at), items[i + 1].at];
    if (from >= to) continue;
    file.fill(0, from, to);
    zeroed += to - from;
  }
  return zeroed;
}

function startOf(file: Buffer): number {
  for (let at = file.indexOf(FORMAT); at >= 0; at = file.indexOf(FORMAT, at + 1)) {
    const start = at - FORMAT_AT;
    if (start >= 0 && file[start + 2] === MAGIC[0] && file[start + 3] === MAGIC[1]) return start;
  }
  return -1;
}
