// synchronize: a row of `delay` synchronous neurons on a shortcut (specification, section 5). Each holds what it was sent for
// one window and repeats it, so the row is a ring of `delay` windows: what was sent `delay` windows ago comes out, and what the
// source sends now takes its place. Trains as in lib/steps; places are phases, so a window may come in several chunks.
// One invocation: 8 channels of one plane of one place and image, all steps of the chunk; nobody else touches its words.
// Uses lib/steps

struct DelayLine {
  source: u32,       // first word of the source's train
  sent: u32,         // first word of the train that comes out
  ring: u32,         // first word of the ring: [window mod delay] trains
  groupStride: u32,  // words of one group of steps, of all three
  groups: u32,       // of one window
  delay: u32,
}

@group(0) @binding(0) var<storage, read_write> spikes: array<u32>;
@group(0) @binding(1) var<uniform> layer: DelayLine;
@group(0) @binding(2) var<uniform> chunk: Chunk;

@compute @workgroup_size(64)
fn synchronize(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = (group.z * groups.x + group.x) * 64u + local;
  if (index >= layer.groupStride) { return; }
  let slot = layer.ring + (chunk.window % layer.delay) * layer.groups * layer.groupStride;
  for (var g = chunk.place / 4u; g * 4u < chunk.place + chunk.steps; g++) {
    var mask = 0u;
    for (var k = 0u; k < 4u; k++) {
      if (inChunk(g * 4u + k)) { mask |= STEP_BITS << k; }
    }
    let at = g * layer.groupStride + index;
    let held = spikes[slot + at];
    spikes[layer.sent + at] = held & mask;
    spikes[slot + at] = (held & ~mask) | (spikes[layer.source + at] & mask);
  }
}
