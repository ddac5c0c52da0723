// multiply_add: the rate of f32 (or f16) multiply-adds on registers: 12 independent accumulators, 192 multiply-adds a
// turn, so that the loop costs little. Scalars: llvmpipe reaches only 60 % of their rate with three vec4f.
// One invocation: TURNS × 192 multiply-adds, one store of their sum. Powers of two, so that the CPU knows the exact result:
// s ← s · 0.5 + 1 goes to 2 from everywhere.

#if ${half}
enable f16;
alias Real = f16;
#else
alias Real = f32;
#endif

struct Factors {
  factor: f32,   // 0.5
  summand: f32,  // 1
}

const TURNS = 32;

@group(0) @binding(0) var<storage, read_write> sums: array<f32>;
@group(0) @binding(1) var<uniform> factors: Factors;

@compute @workgroup_size(64)
fn multiply_add(@builtin(global_invocation_id) id: vec3u) {
  let a = Real(factors.factor);
  let b = Real(factors.summand);
  let start = Real(id.x & 63u);
  var s0 = start + Real(0.0);
  var s1 = start + Real(1.0);
  var s2 = start + Real(2.0);
  var s3 = start + Real(3.0);
  var s4 = start + Real(4.0);
  var s5 = start + Real(5.0);
  var s6 = start + Real(6.0);
  var s7 = start + Real(7.0);
  var s8 = start + Real(8.0);
  var s9 = start + Real(9.0);
  var sa = start + Real(10.0);
  var sb = start + Real(11.0);
  for (var turn = 0; turn < TURNS; turn++) {
    s0 = s0 * a + b; s1 = s1 * a + b; s2 = s2 * a + b; s3 = s3 * a + b; s4 = s4 * a + b; s5 = s5 * a + b;
    s6 = s6 * a + b; s7 = s7 * a + b; s8 = s8 * a + b; s9 = s9 * a + b; sa = sa * a + b; sb = sb * a + b;
    s0 = s0 * a + b; s1 = s1 * a + b; s2 = s2 * a + b; s3 = s3 * a + b; s4 = s4 * a + b; s5 = s5 * a + b;
    s6 = s6 * a + b; s7 = s7 * a + b; s8 = s8 * a + b; s9 = s9 * a + b; sa = sa * a + b; sb = sb * a + b;
    s0 = s0 * a + b; s1 = s1 * a + b; s2 = s2 * a + b; s3 = s3 * a + b; s4 = s4 * a + b; s5 = s5 * a + b;
    s6 = s6 * a + b; s7 = s7 * a + b; s8 = s8 * a + b; s9 = s9 * a + b; sa = sa * a + b; sb = sb * a + b;
    s0 = s0 * a + b; s1 = s1 * a + b; s2 = s2 * a + b; s3 = s3 * a + b; s4 = s4 * a + b; s5 = s5 * a + b;
    s6 = s6 * a + b; s7 = s7 * a + b; s8 = s8 * a + b; s9 = s9 * a + b; sa = sa * a + b; sb = sb * a + b;
    s0 = s0 * a + b; s1 = s1 * a + b; s2 = s2 * a + b; s3 = s3 * a + b; s4 = s4 * a + b; s5 = s5 * a + b;
    s6 = s6 * a + b; s7 = s7 * a + b; s8 = s8 * a + b; s9 = s9 * a + b; sa = sa * a + b; sb = sb * a + b;
    s0 = s0 * a + b; s1 = s1 * a + b; s2 = s2 * a + b; s3 = s3 * a + b; s4 = s4 * a + b; s5 = s5 * a + b;
    s6 = s6 * a + b; s7 = s7 * a + b; s8 = s8 * a + b; s9 = s9 * a + b; sa = sa * a + b; sb = sb * a + b;
    s0 = s0 * a + b; s1 = s1 * a + b; s2 = s2 * a + b; s3 = s3 * a + b; s4 = s4 * a + b; s5 = s5 * a + b;
    s6 = s6 * a + b; s7 = s7 * a + b; s8 = s8 * a + b; s9 = s9 * a + b; sa = sa * a + b; sb = sb * a + b;
    s0 = s0 * a + b; s1 = s1 * a + b; s2 = s2 * a + b; s3 = s3 * a + b; s4 = s4 * a + b; s5 = s5 * a + b;
    s6 = s6 * a + b; s7 = s7 * a + b; s8 = s8 * a + b; s9 = s9 * a + b; sa = sa * a + b; sb = sb * a + b;
    s0 = s0 * a + b; s1 = s1 * a + b; s2 = s2 * a + b; s3 = s3 * a + b; s4 = s4 * a + b; s5 = s5 * a + b;
    s6 = s6 * a + b; s7 = s7 * a + b; s8 = s8 * a + b; s9 = s9 * a + b; sa = sa * a + b; sb = sb * a + b;
    s0 = s0 * a + b; s1 = s1 * a + b; s2 = s2 * a + b; s3 = s3 * a + b; s4 = s4 * a + b; s5 = s5 * a + b;
    s6 = s6 * a + b; s7 = s7 * a + b; s8 = s8 * a + b; s9 = s9 * a + b; sa = sa * a + b; sb = sb * a + b;
    s0 = s0 * a + b; s1 = s1 * a + b; s2 = s2 * a + b; s3 = s3 * a + b; s4 = s4 * a + b; s5 = s5 * a + b;
    s6 = s6 * a + b; s7 = s7 * a + b; s8 = s8 * a + b; s9 = s9 * a + b; sa = sa * a + b; sb = sb * a + b;
    s0 = s0 * a + b; s1 = s1 * a + b; s2 = s2 * a + b; s3 = s3 * a + b; s4 = s4 * a + b; s5 = s5 * a + b;
    s6 = s6 * a + b; s7 = s7 * a + b; s8 = s8 * a + b; s9 = s9 * a + b; sa = sa * a + b; sb = sb * a + b;
    s0 = s0 * a + b; s1 = s1 * a + b; s2 = s2 * a + b; s3 = s3 * a + b; s4 = s4 * a + b; s5 = s5 * a + b;
    s6 = s6 * a + b; s7 = s7 * a + b; s8 = s8 * a + b; s9 = s9 * a + b; sa = sa * a + b; sb = sb * a + b;
    s0 = s0 * a + b; s1 = s1 * a + b; s2 = s2 * a + b; s3 = s3 * a + b; s4 = s4 * a + b; s5 = s5 * a + b;
    s6 = s6 * a + b; s7 = s7 * a + b; s8 = s8 * a + b; s9 = s9 * a + b; sa = sa * a + b; sb = sb * a + b;
    s0 = s0 * a + b; s1 = s1 * a + b; s2 = s2 * a + b; s3 = s3 * a + b; s4 = s4 * a + b; s5 = s5 * a + b;
    s6 = s6 * a + b; s7 = s7 * a + b; s8 = s8 * a + b; s9 = s9 * a + b; sa = sa * a + b; sb = sb * a + b;
    s0 = s0 * a + b; s1 = s1 * a + b; s2 = s2 * a + b; s3 = s3 * a + b; s4 = s4 * a + b; s5 = s5 * a + b;
    s6 = s6 * a + b; s7 = s7 * a + b; s8 = s8 * a + b; s9 = s9 * a + b; sa = sa * a + b; sb = sb * a + b;
  }
  sums[id.x] = f32(s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9 + sa + sb);
}
