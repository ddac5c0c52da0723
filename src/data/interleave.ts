/** A member of a group. */
export interface Member {
  readonly group: number;
  readonly index: number;
}

/**
 * The members of several groups in one list, ordered by how far along its own group each stands, ties by group: every prefix has
 * nearly the mix of the whole.
 * @param counts members of each group
 */
export function interleave(counts: readonly number[]): Member[] {
  const placed = counts.flatMap((count, group) =>
    Array.from({ length: count }, (_, index) => ({ group, index, place: (index + 0.5) / count })),
  );
  placed.sort((a, b) => a.place - b.place || a.group - b.group);
  return placed.map(({ group, index }) => ({ group, index }));
}
