/** 1234567 as "1,234,567". */
export const whole = (value: number): string => Math.round(value).toLocaleString('en-US');

/** K for people: "4", or "4, 3, 4 by depth" where it differs. */
export const phaseText = (phaseBits: number | readonly number[]): string =>
  typeof phaseBits === 'number' ? String(phaseBits) : `${phaseBits.join(', ')} by depth`;

/** How scales came about, and whether biases are corrected: "mse, by channel, corrected", "percentile:99.9". */
export const wayText = ({
  scale,
  percentile,
  perChannel,
  correctBias,
}: {
  readonly scale: string;
  readonly percentile: number;
  readonly perChannel: boolean;
  readonly correctBias: boolean;
}): string =>
  `${scale === 'percentile' ? `percentile:${percentile}` : scale}${perChannel ? ', by channel' : ''}${correctBias ? ', corrected' : ''}`;
