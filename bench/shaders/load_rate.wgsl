// load_rate: how fast a kernel reads small things again and again (weights, words): 16 loads a turn from 16 KiB, each added up.
// One invocation: TURNS × 16 loads of 4 or 16 bytes, one store of their sum. Element i of the data is i (as u32).
// byLane: neighbouring invocations read neighbouring elements; else all read the same one.

const TURNS = 32u;

@group(0) @binding(0) var<storage, read_write> sums: array<u32>;
#if ${constantPath}
@group(0) @binding(1) var<uniform> data: array<vec4u, 1024>;
#elif ${wide}
@group(0) @binding(1) var<storage, read> data: array<vec4u>;
#else
@group(0) @binding(1) var<storage, read> data: array<u32>;
#endif

fn load(index: u32) -> u32 {
#if ${wide}
  let four = data[index & 1023u];
  return four.x + four.y + four.z + four.w;
#else
  return data[index & 4095u];
#endif
}

@compute @workgroup_size(64)
fn load_rate(@builtin(global_invocation_id) id: vec3u) {
#if ${byLane}
  let first = id.x & 63u;
#else
  let first = 0u;
#endif
  var sum = 0u;
  for (var turn = 0u; turn < TURNS; turn++) {
    let at = first + turn * 16u;
    sum += load(at) + load(at + 1u) + load(at + 2u) + load(at + 3u);
    sum += load(at + 4u) + load(at + 5u) + load(at + 6u) + load(at + 7u);
    sum += load(at + 8u) + load(at + 9u) + load(at + 10u) + load(at + 11u);
    sum += load(at + 12u) + load(at + 13u) + load(at + 14u) + load(at + 15u);
  }
  sums[id.x] = sum;
}
