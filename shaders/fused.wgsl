// fused: a layer over a chunk of steps (specification, sections 2 and 9): Σ w · s of every step, densely, and what the membranes make of it. They
// and the currents stay in registers (lib/spike-sums, lib/membrane).
// Membranes, drive, counts, decoded: [channel][y][x][image]; trains: lib/steps. One invocation: 8 output channels × 2 pixels of a row
// (or 2 images where rows are short), all steps; it writes whole words of the train, 8 channels × 4 steps, so nobody else touches them.
// Uses lib/broadcast, lib/steps, lib/bytes, lib/tap, lib/neuron-${neuron}, lib/synapses, lib/spike-sums, lib/synchronous, lib/membrane

@group(0) @binding(0) var<storage, read_write> spikes: array<u32>;
#if ${uniformWeights}
@group(0) @binding(1) var<uniform> weights: array<vec4u, 4096>;
#else
@group(0) @binding(1) var<storage, read> weights: array<vec4u>;
#endif
@group(0) @binding(2) var<uniform> layer: SpikeLayer;
@group(0) @binding(3) var<uniform> chunk: Chunk;
@group(0) @binding(4) var<storage, read> channels: array<vec4i>;  // bias, g, V(0) | shift, identity weight
@group(0) @binding(5) var<storage, read_write> membranes: array<i32>;
#if ${driven}
@group(0) @binding(6) var<storage, read> drive: array<i32>;
#endif
@group(0) @binding(7) var<storage, read_write> counts: array<u32>;
@group(0) @binding(8) var<storage, read_write> decoded: array<u32>;
@group(0) @binding(9) var<storage, read_write> counters: array<atomic<u32>>;

override workgroupSize = 64u;
const PLACES = 2u;

@compute @workgroup_size(workgroupSize)
fn fused(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
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
  let stride = layer.height * layer.width * layer.batch;
  let step = layer.stepX * layer.batch + layer.stepN;
  let place = (y * layer.width + x) * layer.batch + n;
  let second = x + layer.stepX < layer.width && n + layer.stepN < chunk.images;
  var pixels = select(1u, 2u, second);
  if (y >= layer.height || x >= layer.width || n >= chunk.images) { pixels = 0u; }
  let live = min(8u, layer.channels - tile * 8u);
  let word = tile * stride + place;
  let own = layer.membranes + tile * 8u * stride + place;
#if ${windowed}
  var near = cellsOf(tile, place, stride, spikes[layer.states + word]);
  var far = cellsOf(tile, place + step, stride, spikes[layer.states + word + step]);
#else
  var near = cellsOf(tile, place, stride, 0u);
  var far = cellsOf(tile, place + step, stride, 0u);
#endif
  var neurons = Neurons();
  loadPlace(&neurons, &near, own, stride, 0u);
  loadPlace(&neurons, &far, own + step, stride, 1u);
  for (var g = 0u; g * 4u < chunk.steps; g++) {
    var current = Currents();
    sumTerms(&current, tile, group.y, g, n, x, y);
    let steps = stepsOfGroup(g);
    let words0 = stepPlace(&neurons, &current, &near, steps, 0u);
    let words1 = stepPlace(&neurons, &current, &far, steps, 1u);
    if (pixels > 0u) { storeSpikes(words0, g, word, live); }
    if (pixels > 1u) { storeSpikes(words1, g, word + step, live); }
  }
  var total = 0u;
  if (pixels > 0u) { total = storePlace(&neurons, own, stride, live, sendsNow(), 0u); }
  if (pixels > 1u) { total += storePlace(&neurons, own + step, stride, live, sendsNow(), 1u); }
  for (var p = 0u; p < pixels; p++) { endPlace(word + p * step, select(far.firing, near.firing, p == 0u)); }
  if (total != 0u) { atomicAdd(&counters[layer.counter], total); }
}
