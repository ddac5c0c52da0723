// naive: the first rung above no_op for a 3×3 convolution with padding 1: one output of one image an invocation, one weight
// and one byte at a time, f32. Computes the sums of wave 0 without bias, membranes and words: less than `accumulate` does.
// Words in: [block of 4 channels][y][x][image]. Sums out: [channel][y][x][image].
// Loads per multiply-add: 2. One store an invocation, to a place of its own.

struct Naive {
  inputs: u32,
  outputs: u32,
  size: u32,    // height and width
  batch: u32,
  source: u32,  // first word in the arena
}

@group(0) @binding(0) var<storage, read_write> sums: array<i32>;
@group(0) @binding(1) var<storage, read_write> words: array<u32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;  // [output][input][ky][kx]
@group(0) @binding(3) var<uniform> layer: Naive;

@compute @workgroup_size(64)
fn naive(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = (group.z * groups.x + group.x) * 64u + local;
  let n = index % layer.batch;
  let x = i32(index / layer.batch % layer.size);
  let y = i32(index / layer.batch / layer.size % layer.size);
  let o = index / layer.batch / layer.size / layer.size;
  if (o >= layer.outputs) { return; }
  let size = i32(layer.size);
  var sum = 0.0;
  for (var c = 0u; c < layer.inputs; c++) {
    for (var ky = 0; ky < 3; ky++) {
      for (var kx = 0; kx < 3; kx++) {
        let iy = y + ky - 1;
        let ix = x + kx - 1;
        if (iy >= 0 && iy < size && ix >= 0 && ix < size) {
          let at = ((i32(c / 4u) * size + iy) * size + ix) * i32(layer.batch) + i32(n);
          let byte = (words[layer.source + u32(at)] >> (8u * (c & 3u))) & 0xffu;
          sum += f32(byte) * weights[(o * layer.inputs + c) * 9u + u32(ky * 3 + kx)];
        }
      }
    }
  }
  sums[index] = i32(sum);
}
