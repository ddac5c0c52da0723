/** 1234567 as "1,234,567". */
export const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
