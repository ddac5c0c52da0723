/** What `npm run bench` can measure, in this order. */
export const SUITE_NAMES = ['peak', 'ladder', 'kernels', 'network', 'stepped', 'growth'] as const;
export type SuiteName = (typeof SUITE_NAMES)[number];

export const USAGE = `usage: npm run bench [-- SUITE…] [-- --json FILE]   (SUITE: ${SUITE_NAMES.join(', ')}; default: all)`;

/** Suites and the file to write (null for none), or null for arguments that are wrong. Pure. */
export function parse(args: readonly string[]): { readonly suites: readonly SuiteName[]; readonly json: string | null } | null {
  const words = args.filter((arg) => arg !== '--');
  const at = words.indexOf('--json');
  const json = at < 0 ? null : words[at + 1];
  const named = words.filter((_, i) => at < 0 || (i !== at && i !== at + 1));
  const suites = SUITE_NAMES.filter((suite) => named.includes(suite));
  if (json === undefined || named.some((name) => !suites.includes(name as SuiteName))) return null;
  return { suites: suites.length > 0 ? suites : SUITE_NAMES, json };
}
