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
fn dots(a: vec4u, w: u32) -> vec4u {
  return bitcast<vec4u>(vec4i(dot4I8Packed(a.x, w), dot4I8Packed(a.y, w), dot4I8Packed(a.z, w), dot4I8Packed(a.w, w)));
}
#else
fn dots(a: vec4u, w: u32) -> vec4u {
  return vec4u(dot4U8Packed(a.x, w), dot4U8Packed(a.y, w), dot4U8Packed(a.z, w), dot4U8Packed(a.w, w));
}
#endif

@compute @workgroup_size(64)
fn dot_rate(@builtin(global_invocation_id) id: vec3u) {
  var a = vec4u(start.word) + vec4u(id.x & 7u, 1u, 2u, 3u) * 0x01010101u;
  var w = vec4u(start.weight) + vec4u(3u, 2u, 1u, id.x & 3u) * 0x01010101u;
  var s0 = vec4u();
  var s1 = vec4u();
  var s2 = vec4u();
  var s3 = vec4u();
  for (var turn = 0; turn < TURNS; turn++) {
    s0 += dots(a, w.x);
    s1 += dots(a, w.y);
    s2 += dots(a, w.z);
    s3 += dots(a, w.w);
    a = (a + 0x01010101u) & vec4u(0x7f7f7f7fu);
    w = (w + 0x03030303u) & vec4u(0x7f7f7f7fu);
  }
  let sum = s0 + 3u * s1 + 5u * s2 + 7u * s3;
  sums[id.x] = sum.x + 3u * sum.y + 5u * sum.z + 7u * sum.w;
}
