// synchronize: a row of synchronous neurons on a shortcut (specification, section 5). Each holds what it was sent until its partner's
// window and repeats it, so the row is a ring of as many steps: what was sent `hold` steps ago comes out, and what the source
// sends now takes its place. The ring is a train whose step t mod `hold` is step t.
// One invocation: 8 channels of one plane of one place and image, all steps of the chunk; nobody else touches its words.
// Uses lib/steps

struct DelayLine {
  source: u32,       // first word of the source's train
  sent: u32,         // first word of the train that comes out
  ring: u32,         // first word of the ring
  groupStride: u32,  // words of one group of steps, of all three
  hold: u32,         // steps
}

@group(0) @binding(0) var<storage, read_write> spikes: array<u32>;
@group(0) @binding(1) var<uniform> layer: DelayLine;
@group(0) @binding(2) var<uniform> chunk: Chunk;

@compute @workgroup_size(64)
fn synchronize(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = (group.z * groups.x + group.x) * 64u + local;
  if (index >= layer.groupStride) { return; }
  for (var g = 0u; g * 4u < chunk.steps; g++) {
    let at = g * layer.groupStride + index;
    let arriving = spikes[layer.source + at];
    var leaving = 0u;
    for (var k = 0u; k < 4u && inChunk(g * 4u + k); k++) {
      let place = (chunk.step + g * 4u + k) % layer.hold;
      let slot = layer.ring + place / 4u * layer.groupStride + index;
      let shift = place % 4u;
      let held = spikes[slot];
      leaving |= ((held >> shift) & STEP_BITS) << k;
      spikes[slot] = (held & ~(STEP_BITS << shift)) | (((arriving >> k) & STEP_BITS) << shift);
    }
    spikes[layer.sent + at] = leaving;
  }
}
