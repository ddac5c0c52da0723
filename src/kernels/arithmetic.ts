/** How currents are multiplied and added; all give the same bits (`shaders/lib/bytes.wgsl`). */
export type Arithmetic = 'packed' | 'halves' | 'integers' | 'f32';

/** The conditions of `lib/bytes`. @param three the fourth channel of every block is empty */
export const arithmeticConditions = (arithmetic: Arithmetic, three = false) => ({
  three,
  packedDot: arithmetic === 'packed',
  integers: arithmetic === 'integers' || arithmetic === 'halves',
  halves: arithmetic === 'halves',
});
