/** What is read of package-lock.json and node_modules/.package-lock.json. */
export interface Lock {
  readonly packages?: Readonly<Record<string, { readonly version?: string; readonly optional?: boolean; readonly link?: boolean }>>;
}

export function missingPackages(locked: Lock, installed: Lock): string[];
export function packagesDue(root: string): boolean;
export function installPackages(root: string): string;
