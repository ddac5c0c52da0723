/** Something that needs memory from one dispatch to another, both included. */
export interface Lifetime {
  readonly size: number;
  readonly from: number;
  readonly to: number;
}

/** Where each one lies, and how much memory all need together. */
export interface Placement {
  readonly offsets: readonly number[];
  readonly size: number;
}

/**
 * Places values in one arena so that no two that live at the same time overlap: largest first, each at the lowest free
 * place. Pure.
 */
export function place(lifetimes: readonly Lifetime[]): Placement {
  const offsets = new Array<number>(lifetimes.length).fill(0);
  const placed: number[] = [];
  const order = lifetimes.map((_, i) => i).sort((a, b) => lifetimes[b].size - lifetimes[a].size || a - b);
  for (const i of order) {
    const { size, from, to } = lifetimes[i];
    const neighbours = placed
      .filter((j) => lifetimes[j].from <= to && lifetimes[j].to >= from)
      .sort((a, b) => offsets[a] - offsets[b]);
    let offset = 0;
    for (const j of neighbours) {
      if (offset + size <= offsets[j]) break;
      offset = Math.max(offset, offsets[j] + lifetimes[j].size);
    }
    offsets[i] = offset;
    placed.push(i);
  }
  return { offsets, size: lifetimes.reduce((end, { size }, i) => Math.max(end, offsets[i] + size), 0) };
}
