// Four channels to a u32, as i8 bytes; the multiply-add of four pixels. Both variants give the same bits: every partial
// sum is an integer below 2^24 in magnitude (specification, section 3).

// Byte c of four words, sign-extended.
fn signedByte(packed: vec4u, c: u32) -> vec4i {
  return bitcast<vec4i>(packed << vec4u(24u - 8u * c)) >> vec4u(24u);
}

#if ${packedDot}
alias Lanes = vec4i;
alias Unpacked = vec4u;

fn unpack(packed: vec4u) -> Unpacked {
  return packed;
}

fn dots(a: Unpacked, w: u32) -> Lanes {
  return vec4i(dot4I8Packed(a.x, w), dot4I8Packed(a.y, w), dot4I8Packed(a.z, w), dot4I8Packed(a.w, w));
}
#else
alias Lanes = vec4f;
alias Unpacked = array<vec4f, 4>;

fn unpack(packed: vec4u) -> Unpacked {
  return Unpacked(
    vec4f(signedByte(packed, 0u)),
    vec4f(signedByte(packed, 1u)),
    vec4f(signedByte(packed, 2u)),
    vec4f(signedByte(packed, 3u)),
  );
}

fn dots(a: Unpacked, w: u32) -> Lanes {
  let b = vec4f(vec4i(i32(w << 24u), i32(w << 16u), i32(w << 8u), i32(w)) >> vec4u(24u));
  return a[0] * b.x + a[1] * b.y + a[2] * b.z + a[3] * b.w;
}
#endif
