/** What a lockfile says of one installed package. */
export interface Locked {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Packages by their folder, as a lockfile has them: `node_modules/a`, `node_modules/a/node_modules/b`. */
export type Lock = Readonly<Record<string, Locked>>;

/**
 * Folders of the packages that `roots` need, with all that those need. Pure.
 * @param isInstalled of other platforms' binaries, which are optional, a lockfile has many that are not
 * @param without names that nobody will ask for
 * @throws Error naming a package that is needed and not installed
 */
export function neededFolders(
  lock: Lock,
  roots: readonly string[],
  isInstalled: (folder: string) => boolean,
  without: readonly string[] = [],
): string[] {
  const found = new Set<string>();
  const visit = (from: string, name: string, optional: boolean): void => {
    if (without.includes(name)) return;
    const folder = folderOf(lock, from, name);
    if (folder === null || !isInstalled(folder)) {
      if (optional) return;
      throw new Error(`package "${name}", which ${from || 'the bundle'} needs, is not installed: npm ci --ignore-scripts`);
    }
    if (found.has(folder)) return;
    found.add(folder);
    const { dependencies = {}, optionalDependencies = {} } = lock[folder];
    for (const needed of Object.keys(dependencies)) visit(folder, needed, needed in optionalDependencies);
    for (const needed of Object.keys(optionalDependencies)) visit(folder, needed, true);
  };
  for (const root of roots) visit('', root, false);
  return [...found];
}

/** Where Node finds a package asked for in a folder: there, or in one above. */
function folderOf(lock: Lock, from: string, name: string): string | null {
  for (let base = from; ; base = base.slice(0, Math.max(0, base.lastIndexOf('/node_modules/')))) {
    const folder = `${base && `${base}/`}node_modules/${name}`;
    if (folder in lock) return folder;
    if (!base) return null;
  }
}
