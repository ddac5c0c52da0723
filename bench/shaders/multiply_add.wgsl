// multiply_add: the rate of f32 (or f16) multiply-adds on registers: 12 independent accumulators, 192 multiply-adds a turn.
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

alias Lanes = vec4<Real>;

@compute @workgroup_size(64)
fn multiply_add(@builtin(global_invocation_id) id: vec3u) {
  let a = Real(factors.factor);
  let b = Real(factors.summand);
  var x = Lanes(Real(id.x & 63u));
  var y = x + Lanes(1.0, 2.0, 3.0, 4.0);
  var z = x + Lanes(5.0, 6.0, 7.0, 8.0);
  for (var turn = 0; turn < TURNS; turn++) {
    x = x * a + b; y = y * a + b; z = z * a + b;
    x = x * a + b; y = y * a + b; z = z * a + b;
    x = x * a + b; y = y * a + b; z = z * a + b;
    x = x * a + b; y = y * a + b; z = z * a + b;
    x = x * a + b; y = y * a + b; z = z * a + b;
    x = x * a + b; y = y * a + b; z = z * a + b;
    x = x * a + b; y = y * a + b; z = z * a + b;
    x = x * a + b; y = y * a + b; z = z * a + b;
    x = x * a + b; y = y * a + b; z = z * a + b;
    x = x * a + b; y = y * a + b; z = z * a + b;
    x = x * a + b; y = y * a + b; z = z * a + b;
    x = x * a + b; y = y * a + b; z = z * a + b;
    x = x * a + b; y = y * a + b; z = z * a + b;
    x = x * a + b; y = y * a + b; z = z * a + b;
    x = x * a + b; y = y * a + b; z = z * a + b;
    x = x * a + b; y = y * a + b; z = z * a + b;
  }
  let sum = x + y + z;
  sums[id.x] = f32(sum.x + sum.y + sum.z + sum.w);
}
