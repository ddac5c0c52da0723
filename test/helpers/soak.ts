/**
 * `npm run test:soak` tries every way to compute; `npm test` a share of them, by turns, so that each is tried on some networks: on a machine
 * that has compiled none of the kernels yet, a software driver takes seconds for each.
 */
export const SOAK = process.env.BSNN_SOAK === '1';

/** Deals out `share` of a list at each call, in turn; all of it in a soak. */
export function byTurns<T>(share: number): (list: readonly T[]) => readonly T[] {
  let turn = 0;
  return (list) => {
    if (SOAK) return list;
    const first = turn;
    turn += share;
    return Array.from({ length: Math.min(share, list.length) }, (_, i) => list[(first + i) % list.length]);
  };
}
