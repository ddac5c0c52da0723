// readout-steps: the last layer, which integrates and never fires, over a chunk of steps: Σ w · s of every step, densely, and of it what has come
// since its window began, or without windows in the step alone, which fits 32 bits. The host adds these up, however many there are.
// Out: [step][image][class]; membranes: [class][image], the window's so far. One invocation: 8 classes of 2 images, all steps of the
// chunk; it alone touches their membranes.
// Uses lib/broadcast, lib/steps, lib/bytes, lib/tap, lib/neuron-${neuron}, lib/synapses, lib/spike-sums

@group(0) @binding(0) var<storage, read> spikes: array<u32>;
#if ${uniformWeights}
@group(0) @binding(1) var<uniform> weights: array<vec4u, 4096>;
#else
@group(0) @binding(1) var<storage, read> weights: array<vec4u>;
#endif
@group(0) @binding(2) var<uniform> layer: SpikeLayer;
@group(0) @binding(3) var<uniform> chunk: Chunk;
@group(0) @binding(4) var<storage, read> channels: array<vec4i>;  // bias | shift, identity weight
@group(0) @binding(5) var<storage, read_write> membranes: array<i32>;
#if ${driven}
@group(0) @binding(6) var<storage, read> drive: array<i32>;
#endif
@group(0) @binding(7) var<storage, read_write> potentials: array<i32>;

override workgroupSize = 64u;

// Class u of a tile: [2u] of the first image, [2u + 1] of the second, each in four steps.
alias Currents = array<vec4i, 16>;

@compute @workgroup_size(workgroupSize)
fn readoutSteps(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let n = (group.z * groups.x + group.x) * workgroupSize + local;
  let tile = layer.firstTile + group.y;
#if ${broadcast}
  // lane 0 of every subgroup broadcasts weights and must stay: what is out of range is computed and not stored
#else
  if (n >= layer.lanes) { return; }
#endif
  let images = select(0u, chunk.images, n < layer.lanes);
  for (var g = 0u; g * 4u < chunk.steps; g++) {
    var current = Currents();
    sumTerms(&current, tile, group.y, g, n, 0u, 0u);
    bringBoth(tile * 8u, n, images, g, current[0], current[1]);
    bringBoth(tile * 8u + 1u, n, images, g, current[2], current[3]);
    bringBoth(tile * 8u + 2u, n, images, g, current[4], current[5]);
    bringBoth(tile * 8u + 3u, n, images, g, current[6], current[7]);
    bringBoth(tile * 8u + 4u, n, images, g, current[8], current[9]);
    bringBoth(tile * 8u + 5u, n, images, g, current[10], current[11]);
    bringBoth(tile * 8u + 6u, n, images, g, current[12], current[13]);
    bringBoth(tile * 8u + 7u, n, images, g, current[14], current[15]);
  }
}

fn bringBoth(o: u32, n: u32, images: u32, g: u32, near: vec4i, far: vec4i) {
  if (o >= layer.channels) { return; }
  bring(o, n, images, g, near);
  bring(o, n + layer.stepN, images, g, far);
}

// What four steps bring to a class of an image.
fn bring(o: u32, n: u32, images: u32, g: u32, current: vec4i) {
  if (n >= images) { return; }
  let at = o * layer.batch + n;
#if ${driven}
  let input = drive[layer.drive + at];
#else
  let input = channels[layer.channelBase + o].x;
#endif
  var v = membranes[layer.membranes + at];
  for (var k = 0u; k < 4u && inChunk(g * 4u + k); k++) {
    let step = g * 4u + k;
#if ${windowed}
    let turns = (chunk.step + step + layer.offset) % layer.period == 0u;
#else
    let turns = true;
#endif
    v = select(v, 0, turns) + arriving(current[k], input, turns && chunk.step >= layer.first);
    potentials[((chunk.row + step) * layer.batch + n) * layer.channels + o] = v;
  }
  membranes[layer.membranes + at] = v;
}
