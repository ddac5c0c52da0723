// dot_rate: the rate of packed 8-bit dot products on registers, as a convolution uses them: four words of four bytes times four
// words of weights into 16 accumulators. One invocation: TURNS × 16 dot products (64 multiply-adds), one store of their sum.
// All four bytes of a word are equal and change with every turn; the CPU computes the same sum.

const TURNS = 256;

struct Start {
  word: u32,
  weight: u32,
}

@group(0) @binding(0) var<storage, read_write> sums: array<u32>;
@group(0) @binding(1) var<uniform> start: Start;

#if ${signed}
fn product(a: u32, w: u32) -> u32 {
  return bitcast<u32>(dot4I8Packed(a, w));
}
#else
fn product(a: u32, w: u32) -> u32 {
  return dot4U8Packed(a, w);
}
#endif

@compute @workgroup_size(64)
fn dot_rate(@builtin(global_invocation_id) id: vec3u) {
  var a = vec4u(start.word) + vec4u(id.x & 7u, 1u, 2u, 3u) * 0x01010101u;
  var w = vec4u(start.weight) + vec4u(3u, 2u, 1u, id.x & 3u) * 0x01010101u;
  var s00 = 0u; var s10 = 0u; var s20 = 0u; var s30 = 0u;
  var s01 = 0u; var s11 = 0u; var s21 = 0u; var s31 = 0u;
  var s02 = 0u; var s12 = 0u; var s22 = 0u; var s32 = 0u;
  var s03 = 0u; var s13 = 0u; var s23 = 0u; var s33 = 0u;
  for (var turn = 0; turn < TURNS; turn++) {
    s00 += product(a.x, w.x); s10 += product(a.y, w.x); s20 += product(a.z, w.x); s30 += product(a.w, w.x);
    s01 += product(a.x, w.y); s11 += product(a.y, w.y); s21 += product(a.z, w.y); s31 += product(a.w, w.y);
    s02 += product(a.x, w.z); s12 += product(a.y, w.z); s22 += product(a.z, w.z); s32 += product(a.w, w.z);
    s03 += product(a.x, w.w); s13 += product(a.y, w.w); s23 += product(a.z, w.w); s33 += product(a.w, w.w);
    a = (a + 0x01010101u) & vec4u(0x7f7f7f7fu);
    w = (w + 0x03030303u) & vec4u(0x7f7f7f7fu);
  }
  let t0 = 1u * s00 + 3u * s10 + 5u * s20 + 7u * s30;
  let t1 = 1u * s01 + 3u * s11 + 5u * s21 + 7u * s31;
  let t2 = 1u * s02 + 3u * s12 + 5u * s22 + 7u * s32;
  let t3 = 1u * s03 + 3u * s13 + 5u * s23 + 7u * s33;
  sums[id.x] = t0 + 3u * t1 + 5u * t2 + 7u * t3;
}
