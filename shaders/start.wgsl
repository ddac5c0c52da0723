// start: membranes before the first step, V = V(0) of the channel. [channel][y][x][image]. One invocation: one of them.
// Uses lib/steps

@group(0) @binding(0) var<storage, read_write> membranes: array<i32>;
@group(0) @binding(1) var<uniform> layer: SpikeLayer;
@group(0) @binding(2) var<uniform> chunk: Chunk;
@group(0) @binding(3) var<storage, read> channels: array<vec4i>;  // bias, g, V(0)

@compute @workgroup_size(64)
fn start(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = (group.z * groups.x + group.x) * 64u + local;
  let channel = index / (layer.height * layer.width * layer.batch);
  if (channel >= layer.channels || index % layer.batch >= chunk.images) { return; }
  membranes[layer.membranes + index] = channels[layer.channelBase + channel].z;
}
