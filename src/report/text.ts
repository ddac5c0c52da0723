/** 1234567 as "1,234,567". */
export const whole = (value: number): string => Math.round(value).toLocaleString('en-US');

/** K for people: "4", or "4, 3, 4 by depth" where it differs. */
export const phaseText = (phaseBits: number | readonly number[]): string =>
  typeof phaseBits === 'number' ? String(phaseBits) : `${phaseBits.join(', ')} by depth`;
