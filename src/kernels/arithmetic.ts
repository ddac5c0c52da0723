/** How currents are multiplied and added; all give the same bits (`shaders/lib/bytes.wgsl`). */
export type Arithmetic = 'packed' | 'halves' | 'integers' | 'f32';

/**
 * The conditions of `lib/bytes`.
 * @param three the fourth channel of every block is empty
 * @param signed packed dot products are of signed bytes (`fitsSigned`)
 */
export const arithmeticConditions = (arithmetic: Arithmetic, three = false, signed = false) => ({
  three,
  packedDot: arithmetic === 'packed' && !signed,
  signedDot: arithmetic === 'packed' && signed,
  integers: arithmetic === 'integers' || arithmetic === 'halves',
  halves: arithmetic === 'halves',
});
