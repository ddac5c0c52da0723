import { readdirSync, readFileSync } from 'node:fs';

/** Mulberry32: numbers in 0…1, the same for the same seed. */
function seeded(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Lines of a window: what it holds whole is mutated. */
const WINDOW = 8;

/** Windows of lines of a room's files, so many that they are this share of its lines: `file:first-last` each. */
export function sample(room, share, seed) {
  const windows = readdirSync(`src/${room}`, { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .flatMap((name) => {
      const lines = readFileSync(`src/${room}/${name}`, 'utf8').split('\n').length;
      return Array.from(
        { length: Math.ceil(lines / WINDOW) },
        (_, w) => `src/${room}/${name}:${w * WINDOW + 1}-${(w + 1) * WINDOW}`,
      );
    });
  const random = seeded(seed);
  const keyed = windows.map((window) => ({ window, key: random() })).sort((a, b) => a.key - b.key);
  return keyed.slice(0, Math.max(1, Math.round(share * windows.length))).map(({ window }) => window);
}
