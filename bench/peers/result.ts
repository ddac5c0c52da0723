/** One line of the comparison. */
export interface PeerRow {
  readonly name: string;
  /** Images a second, steady; null where the peer was skipped or gave other results. */
  readonly imagesPerSecond: number | null;
  /**
   * Milliseconds of processor time an image, all threads: what other load on the machine changes least. On a software driver it
   * is all of the work, on hardware what is left for the host.
   */
  readonly cpuMs: number | null;
  /** Images that were classified. */
  readonly images: number;
  /** Top-1, a fraction of those images; null where there is none. */
  readonly accuracy: number | null;
  /** T: time steps from the image's onset to the readout; null for the trained network. */
  readonly steps: number | null;
  /** Images at once. */
  readonly batch: number;
  /** What ran: package and version; for PyTorch where, and on how many threads. */
  readonly versions: string;
  /** How many times as many images a second ours (first word) classifies. */
  readonly ratio: number | null;
  /** Why there is no figure; null where there is one. */
  readonly reason: string | null;
  /** Whether the peer gave something else than it must: then the comparison has failed. */
  readonly wrong: boolean;
}

/** A row before it is compared with ours. */
export type Measured = Omit<PeerRow, 'ratio'>;

/** What `--json` writes. */
export interface PeersResult {
  readonly device: { readonly adapter: string; readonly driver: string; readonly software: boolean };
  readonly host: { readonly cpu: string; readonly cores: number; readonly loadBefore: number; readonly loadAfter: number };
  readonly date: string;
  readonly commit: string;
  readonly command: string;
  readonly model: string;
  readonly dataset: string;
  readonly phaseBits: number;
  readonly rows: readonly PeerRow[];
}

/** A peer that could not be had. */
export const skipped = (name: string, reason: string): Measured => ({
  name,
  imagesPerSecond: null,
  cpuMs: null,
  images: 0,
  batch: 0,
  accuracy: null,
  steps: null,
  versions: '',
  reason,
  wrong: false,
});

/** Rows with their ratio to the first one that has a rate: ours, first word. Pure. */
export function compare(rows: readonly Measured[]): PeerRow[] {
  const ours = rows.find((row) => row.imagesPerSecond !== null)?.imagesPerSecond ?? null;
  return rows.map((row) => ({
    ...row,
    ratio: ours === null || row.imagesPerSecond === null ? null : ours / row.imagesPerSecond,
  }));
}
