/** What of an adapter tells whether its hardware has packed 8-bit dot products. */
export type DotInfo = Pick<GPUAdapterInfo, 'vendor' | 'architecture' | 'device' | 'description'>;

interface Row {
  readonly vendor: RegExp;
  /** Of architecture, device and driver, in Dawn's spelling ("gcn-5 amd-radeon-vii-radv-vega20- radv: Mesa 25.0.7"). */
  readonly named: RegExp;
  readonly fast: boolean;
}

const ANY = /^/;

/**
 * Adapters that are known, the first row that fits decides. WGSL's language feature says nothing of the hardware: where that has no
 * dot products, the implementation or the driver takes them apart into shifts, multiplications and additions.
 */
const ADAPTERS: readonly Row[] = [
  // Metal's shading language has none: taken apart on every card
  { vendor: /^apple$/, named: ANY, fast: false },
  { vendor: ANY, named: /\bmetal driver\b/, fast: false },
  // DP4A came with sm_61: Pascal but for the P100
  { vendor: /^nvidia$/, named: /^(fermi|kepler|maxwell)\b|\bp100\b/, fast: false },
  // v_dot4 came with gfx906 (Vega 20), on RDNA with Navi 12 and 14, not with Navi 10
  { vendor: /^amd$/, named: /vega20|radeon-vii|\bmi[56]0\b|navi1[24]/, fast: true },
  { vendor: /^amd$/, named: /^(gcn-|rdna-1\b)/, fast: false },
  // DP4A came with Xe, the twelfth generation (Tiger Lake); the eleventh (Ice Lake) has none
  { vendor: /^intel$/, named: /^gen-([789]|11)\b/, fast: false },
  // Mali: the last of Bifrost, and all since Valhall
  { vendor: /^arm$/, named: /mali-g(52|76)/, fast: true },
  { vendor: /^arm$/, named: /^(midgard|bifrost)\b/, fast: false },
  // Adreno: the last of the 6xx, and all since the 7xx
  { vendor: /^qualcomm$/, named: /^adreno-6xx .*\b6[69]\d\b/, fast: true },
  { vendor: /^qualcomm$/, named: /^adreno-[456]xx\b/, fast: false },
];

/**
 * Whether an adapter's hardware multiplies and adds four pairs of bytes in one instruction. One that no row names is taken to do so: what
 * comes after this table will have them, and an error the other way costs more. Taken apart they were 13 % slower than f32 on llvmpipe
 * (docs/performance.md, 3×3 32→32); f32 takes four instructions and the conversions of bytes for one dot product.
 */
export function hasFastDot({ vendor, architecture, device, description }: DotInfo): boolean {
  const text = `${architecture} ${device} ${description}`.toLowerCase();
  return ADAPTERS.find((row) => row.vendor.test(vendor.toLowerCase()) && row.named.test(text))?.fast ?? true;
}
