// convolve: the spikes of a chunk of steps → synaptic currents Σ w · s of every step, densely (specification, section 2).
// Spikes: lib/steps. Currents: [group of 4 steps][channel, whole tiles of 8][y][x][image], a vec4i of four steps.
// One invocation: 8 output channels × 2 pixels of a row (or 2 images where rows are short), all steps of the chunk.
// Traffic: lib/spike-sums; 16 vec4i stores a group. No races: an invocation writes the currents of its own channels and pixels.
// Uses lib/broadcast, lib/steps, lib/bytes, lib/tap, lib/neuron-${neuron}, lib/synapses, lib/spike-sums

@group(0) @binding(0) var<storage, read> spikes: array<u32>;
#if ${uniformWeights}
@group(0) @binding(1) var<uniform> weights: array<vec4u, 4096>;
#else
@group(0) @binding(1) var<storage, read> weights: array<vec4u>;
#endif
@group(0) @binding(2) var<uniform> layer: SpikeLayer;
@group(0) @binding(3) var<uniform> chunk: Chunk;
@group(0) @binding(4) var<storage, read> channels: array<vec4i>;  // bias, g, V(0) | shift, identity weight
@group(0) @binding(5) var<storage, read_write> currents: array<vec4i>;

override workgroupSize = 64u;

// Channel u of a tile: [2u] is the first pixel, [2u + 1] the second, each in four steps.
alias Currents = array<vec4i, 16>;

@compute @workgroup_size(workgroupSize)
fn convolve(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = (group.z * groups.x + group.x) * workgroupSize + local;
  let tile = layer.firstTile + group.y;
  let n = index % layer.lanes;
  let x = index / layer.lanes % layer.tilesX * (layer.stepX + 1u);
  let y = index / layer.lanes / layer.tilesX;
#if ${broadcast}
  // lane 0 of every subgroup broadcasts weights and must stay: what is out of range is computed and not stored
#else
  if (y >= layer.height || n >= chunk.images) { return; }
#endif
  let tiles = (layer.channels + 7u) / 8u;
  let stride = layer.height * layer.width * layer.batch;
  let place = (y * layer.width + x) * layer.batch + n;
  let first = y < layer.height && x < layer.width && n < chunk.images;
  let second = first && x + layer.stepX < layer.width && n + layer.stepN < chunk.images;
  for (var g = 0u; g * 4u < chunk.steps; g++) {
    var v = Currents();
    sumTerms(&v, tile, group.y, g, n, x, y);
    let at = (g * tiles + tile) * 8u * stride + place;
    if (first) { storePixel(&v, at, stride, 0u); }
    if (second) { storePixel(&v, at + layer.stepX * layer.batch + layer.stepN, stride, 1u); }
  }
}

fn storePixel(v: ptr<function, Currents>, at: u32, stride: u32, p: u32) {
  currents[at] = (*v)[p];
  currents[at + stride] = (*v)[2u + p];
  currents[at + 2u * stride] = (*v)[4u + p];
  currents[at + 3u * stride] = (*v)[6u + p];
  currents[at + 4u * stride] = (*v)[8u + p];
  currents[at + 5u * stride] = (*v)[10u + p];
  currents[at + 6u * stride] = (*v)[12u + p];
  currents[at + 7u * stride] = (*v)[14u + p];
}
