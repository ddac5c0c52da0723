// The multiply-adds of `accumulate`: four channels to a u32, as u8 bytes; weights are stored plus 128. All variants give the
// same bits: packed dot products in u32 (the 128 · Σ words that are too much are taken off at the end; exact also where the
// sums wrap round), or of signed bytes, where no word passes 127 and weights are stored as they are; integers of the bytes one by one, for drivers that have dot products only in name (in `halves` two output
// channels at once, `lib/tap`), and f32, where every partial sum is an integer below 2^24 in magnitude (specification, section 3).

// Byte c of four words.
fn byteOf(packed: vec4u, c: u32) -> vec4u {
  return (packed >> vec4u(8u * c)) & vec4u(0xffu);
}

#if ${signedDot}
alias Lanes = vec4i;
alias Unpacked = vec4u;

fn unpack(packed: vec4u) -> Unpacked {
  return packed;
}

fn dots(a: Unpacked, w: u32) -> Lanes {
  return vec4i(dot4I8Packed(a.x, w), dot4I8Packed(a.y, w), dot4I8Packed(a.z, w), dot4I8Packed(a.w, w));
}

fn signedSum(sum: Lanes, total: Lanes) -> vec4i {
  return sum;
}
#elif ${packedDot}
alias Lanes = vec4u;
alias Unpacked = vec4u;

fn unpack(packed: vec4u) -> Unpacked {
  return packed;
}

fn dots(a: Unpacked, w: u32) -> Lanes {
  return vec4u(dot4U8Packed(a.x, w), dot4U8Packed(a.y, w), dot4U8Packed(a.z, w), dot4U8Packed(a.w, w));
}

// Σ w · word of a sum of (w + 128) · word, given Σ word.
fn signedSum(sum: Lanes, total: Lanes) -> vec4i {
  return bitcast<vec4i>(sum - (total << vec4u(7u)));
}
#elif ${integers}
alias Lanes = vec4i;
alias Unpacked = array<vec4i, 4>;

fn unpack(packed: vec4u) -> Unpacked {
  return Unpacked(vec4i(byteOf(packed, 0u)), vec4i(byteOf(packed, 1u)), vec4i(byteOf(packed, 2u)), vec4i(byteOf(packed, 3u)));
}

fn dots(a: Unpacked, w: u32) -> Lanes {
  let s = i32(w ^ 0x80808080u);  // bytes with signs
  let b = vec4i(s << 24u, s << 16u, s << 8u, s) >> vec4u(24u);
#if ${three}
  return a[0] * b.x + a[1] * b.y + a[2] * b.z;  // the fourth byte of pixels is empty
#else
  return a[0] * b.x + a[1] * b.y + a[2] * b.z + a[3] * b.w;
#endif
}

fn signedSum(sum: Lanes, total: Lanes) -> vec4i {
  return sum;
}
#else
alias Lanes = vec4f;
alias Unpacked = array<vec4f, 4>;

fn unpack(packed: vec4u) -> Unpacked {
  return Unpacked(vec4f(byteOf(packed, 0u)), vec4f(byteOf(packed, 1u)), vec4f(byteOf(packed, 2u)), vec4f(byteOf(packed, 3u)));
}

fn dots(a: Unpacked, w: u32) -> Lanes {
  let b = vec4f((vec4u(w, w >> 8u, w >> 16u, w >> 24u) & vec4u(0xffu))) - vec4f(128.0);
  return a[0] * b.x + a[1] * b.y + a[2] * b.z + a[3] * b.w;
}

fn signedSum(sum: Lanes, total: Lanes) -> vec4i {
  return vec4i(sum);
}
#endif
