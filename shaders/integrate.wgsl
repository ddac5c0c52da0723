// integrate: a layer over a chunk of steps in which no spikes come (specification, section 2): V takes in the drive, fires, and keeps the rest
// (`lib/membrane`). The neuron is a library.
// Membranes, drive, counts, decoded: [channel][y][x][image]; the train: lib/steps. One invocation: 8 channels (a workgroup's tile) of one
// place of one image, all steps of the chunk: `planes` stores a group, and once 8 membranes and accumulators. No races: all of it belongs
// to this invocation alone.
// Uses lib/broadcast, lib/steps, lib/neuron-${neuron}, lib/synchronous, lib/membrane

@group(0) @binding(0) var<storage, read_write> spikes: array<u32>;
@group(0) @binding(1) var<uniform> layer: SpikeLayer;
@group(0) @binding(2) var<uniform> chunk: Chunk;
@group(0) @binding(3) var<storage, read> channels: array<vec4i>;  // bias, g, V(0)
@group(0) @binding(4) var<storage, read_write> membranes: array<i32>;
#if ${driven}
@group(0) @binding(5) var<storage, read> drive: array<i32>;
#endif
@group(0) @binding(6) var<storage, read_write> counts: array<u32>;
@group(0) @binding(7) var<storage, read_write> decoded: array<u32>;
@group(0) @binding(8) var<storage, read_write> counters: array<atomic<u32>>;

override workgroupSize = 64u;
const PLACES = 1u;

@compute @workgroup_size(workgroupSize)
fn integrate(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = (group.z * groups.x + group.x) * workgroupSize + local;
  let tile = group.y;
  let stride = layer.height * layer.width * layer.batch;
  let inside = index < stride && index % layer.batch < chunk.images;
#if ${broadcast}
  // lane 0 of every subgroup broadcasts channels and must stay: what is out of range is computed and not stored
#else
  if (!inside) { return; }
#endif
  let word = tile * stride + index;
  let own = layer.membranes + tile * 8u * stride + index;  // channel 8 · tile of this place and image
  let live = min(8u, layer.channels - tile * 8u);
#if ${windowed}
  var cells = cellsOf(tile, index, stride, spikes[layer.states + word]);
#else
  var cells = cellsOf(tile, index, stride, 0u);
#endif
  var neurons = Neurons();
  loadPlace(&neurons, &cells, own, stride, 0u);
  for (var g = 0u; g * 4u < chunk.steps; g++) {
    var current = Currents();
    let words = stepPlace(&neurons, &current, &cells, stepsOfGroup(g), 0u);
    if (inside) { storeSpikes(words, g, word, live); }
  }
  if (inside) {
    let total = storePlace(&neurons, own, stride, live, sendsNow(), 0u);
    endPlace(word, cells.firing);
    if (total != 0u) { atomicAdd(&counters[layer.counter], total); }
  }
}
