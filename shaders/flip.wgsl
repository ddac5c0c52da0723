// flip: a window's end (specification, section 2): V = clamp(V, ±(2^30 − 1)), S = 1 − S. Before the layer's first window the
// membranes are bounded and the states stay. Membranes: [channel][y][x][image]; states: 8 channels to a u32, where the spikes
// of a train's first step lie. One invocation: 8 channels of one place of one image; it alone reads and writes them.
// Uses lib/steps

@group(0) @binding(0) var<storage, read_write> spikes: array<u32>;
@group(0) @binding(1) var<uniform> layer: SpikeLayer;
@group(0) @binding(2) var<uniform> chunk: Chunk;
@group(0) @binding(3) var<storage, read_write> membranes: array<i32>;

@compute @workgroup_size(64)
fn flip(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = (group.z * groups.x + group.x) * 64u + local;
  let stride = layer.height * layer.width * layer.batch;
  let tile = index / stride;
  if (tile * 8u >= layer.channels || index % layer.batch >= chunk.images) { return; }
  for (var u = 0u; u < min(8u, layer.channels - tile * 8u); u++) {
    let at = layer.membranes + tile * 7u * stride + index + u * stride;
    membranes[at] = clampStep(membranes[at]);
  }
  if (chunk.step >= layer.first) { spikes[layer.states + index] ^= STEP_BITS; }
}
