// readout-steps: the last layer, which integrates and never fires, over a chunk of steps: what has come since its window began, or
// without windows in the step alone, which fits 32 bits. The host adds these up, however many there are.
// Currents: [group of 4 steps][class][image]; out: [step][image][class]; membranes: [class][image], the window's so far.
// One invocation: one class of one image, all steps of the chunk; it alone touches its membrane.
// Uses lib/steps, lib/neuron-${neuron}

@group(0) @binding(0) var<storage, read> currents: array<vec4i>;
@group(0) @binding(1) var<uniform> layer: SpikeLayer;
@group(0) @binding(2) var<uniform> chunk: Chunk;
@group(0) @binding(3) var<storage, read> channels: array<vec4i>;  // bias
@group(0) @binding(4) var<storage, read_write> membranes: array<i32>;
@group(0) @binding(5) var<storage, read> drive: array<i32>;
@group(0) @binding(6) var<storage, read_write> potentials: array<i32>;

@compute @workgroup_size(64)
fn readoutSteps(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = (group.z * groups.x + group.x) * 64u + local;
  let o = index / layer.batch;
  let n = index % layer.batch;
  if (o >= layer.channels || n >= chunk.images) { return; }
  var input = channels[layer.channelBase + o].x;
  if (layer.hasDrive != 0u) { input = drive[layer.drive + index]; }
  var v = membranes[layer.membranes + index];
  for (var step = 0u; step < chunk.steps; step++) {
    var current = 0;
    if (layer.receives != 0u) {
      current = currents[step / 4u * ((layer.channels + 7u) / 8u) * 8u * layer.batch + index][step % 4u];
    }
#if ${windowed}
    let turns = (chunk.step + step + layer.offset) % layer.period == 0u;
#else
    let turns = true;
#endif
    v = select(v, 0, turns) + arriving(current, input, turns && chunk.step >= layer.first);
    potentials[((chunk.row + step) * layer.batch + n) * layer.channels + o] = v;
  }
  membranes[layer.membranes + index] = v;
}
