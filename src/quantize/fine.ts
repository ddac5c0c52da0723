import type { AnnTerm } from '../ann/ann.ts';
import { round } from '../network/round.ts';
import type { Units } from '../network/units.ts';
import { largestTermBits, mostTermBits, type Output, rowOf } from './grid.ts';

/** Terms that a refined layer may have; one of more stays as it is. Each may be a few planes of words, of which the kernels hold 128. */
const MOST_TERMS = 32;
/** Terms that a convolution becomes, at most: with 7 bits more a part three hold all that f32 does. */
const PARTS = 3;

/**
 * The same sum with finer weights: each convolution as what its weights are on the grid of 8 bits, what that leaves over on a grid of its
 * own, and once more. As they are where nothing is left over, or a layer has no room for so many terms.
 */
export function refineTerms(
  terms: readonly AnnTerm[],
  sources: readonly Units[],
  channels: number,
  output: Output,
): readonly AnnTerm[] {
  const refined = terms.flatMap((term, t) => refine(term, sources[t], channels, output, PARTS));
  return refined.length > MOST_TERMS ? terms : refined;
}

function refine(term: AnnTerm, source: Units, channels: number, output: Output, parts: number): AnnTerm[] {
  const { operator } = term;
  if (operator.type === 'identity' || parts === 1) return [term];
  const coarse = new Float32Array(operator.weights.length);
  for (let o = 0; o < channels; o++) {
    const row = rowOf(term, source, o, channels, output.unit[o]);
    const h = largestTermBits(row, mostTermBits(output.phases));
    const first = o * row.units.length;
    row.units.forEach((m, j) => {
      // in units of the weight again, m / W of it
      if (m !== 0) coarse[first + j] = (round(m * 2 ** h) / 2 ** h / m) * operator.weights[first + j];
    });
  }
  const rest = operator.weights.map((w, j) => w - coarse[j]);
  if (rest.every((w) => w === 0)) return [term];
  const part = (weights: Float32Array): AnnTerm => ({ ...term, operator: { ...operator, weights } });
  return [part(coarse), ...refine(part(rest), source, channels, output, parts - 1)];
}
