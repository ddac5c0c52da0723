/** What of an adapter tells how many registers an invocation has. */
export type RegisterInfo = Pick<GPUAdapterInfo, 'vendor'>;

/** Of the largest cards: what an adapter is taken to have that no row names. */
export const MOST_REGISTERS = 255;

/**
 * Numbers of 32 bits that an invocation may hold before they go to memory, the most that the instruction set can name or, where registers are
 * a wave's, that are left of them. Memory instead of registers costs several times a kernel's time; a tile that is smaller than need be reads
 * its words and weights more often. WebGPU says nothing of it.
 */
const VENDORS: readonly { readonly vendor: RegExp; readonly registers: number }[] = [
  // 255 a thread, since Kepler; 256 vector registers
  { vendor: /^(nvidia|amd|samsung)$/, registers: MOST_REGISTERS },
  // 128 of 32 bytes a thread, which runs 8 invocations or more
  { vendor: /^intel$/, registers: 128 },
  // 256 halves of 16 bits
  { vendor: /^apple$/, registers: 128 },
  // r0 to r47 of four, of which fewer waves are left the more one takes
  { vendor: /^qualcomm$/, registers: 128 },
  // 64 a thread
  { vendor: /^(arm|broadcom|imagination|img-tec)$/, registers: 64 },
];

/** Registers of 32 bits that an invocation may have on an adapter. */
export const registersOf = ({ vendor }: RegisterInfo): number =>
  VENDORS.find((row) => row.vendor.test(vendor.toLowerCase()))?.registers ?? MOST_REGISTERS;
