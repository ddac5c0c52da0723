/** One enabled source of binary packages. */
export interface Source {
  readonly uris: string[];
  readonly suites: string[];
  readonly components: string[];
  /** The keyring's file, where the source names one. */
  readonly signedBy?: string;
}

export function parseDeb822(text: string): Source[];
export function parseList(text: string): Source[];
export function readSources(root?: string): Source[];
export function findMirror(sources: Source[], codename: string): { mirror?: string; signedBy?: string; hasBackports: boolean };
