import { vi } from 'vitest';

/** Where in a value there are numbers that JSON does not have: it would say null of them, and nobody would know. */
function numbersThatAreNone(value: unknown, path = ''): string[] {
  if (typeof value === 'number') return Number.isFinite(value) ? [] : [`${path}: ${value}`];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => numbersThatAreNone(one, `${path}.${key}`));
}

/**
 * Watches what is written as JSON for readers, which is indented.
 * @returns what ends that: where there were numbers that are none; or that nothing was written at all
 */
export function watchJson(): () => string[] {
  const stringify = vi.spyOn(JSON, 'stringify');
  return () => {
    const written = stringify.mock.calls.filter(([, , indent]) => indent === 2).map(([value]) => value);
    stringify.mockRestore();
    return written.length === 0 ? ['nothing was written'] : written.flatMap((value) => numbersThatAreNone(value));
  };
}
