// channel-sums: what one layer gave for a batch, added up channel by channel over all images and positions (specification, section 4,
// bias correction): the first words of spiking neurons, or the trained network's activations, which are integers too (`ann/fixed`).
// Words and cells lie alike: [block of 4 channels][y][x][image], four channels to a u32 or a vec4i.
// One invocation: ENTRIES entries of one block, WORKGROUP apart, so that neighbours read neighbours; a workgroup adds up its own in a
// tree and writes four sums, which nobody else writes. A sum stays below 2^17 · 2^12.
// Uses lib/layer

const WORKGROUP = 64u;
const ENTRIES = 64u;

struct ChannelSums {
  blocks: u32,       // of 4 channels
  entries: u32,      // of one block: height × width × images in the layout
  batch: u32,        // images in the layout
  source: u32,       // first word or cell of the layer
  share: u32,        // workgroups of one block
  sums: u32,         // first sum of the layer
}

#if ${activations}
@group(0) @binding(0) var<storage, read> cells: array<vec4i>;
#else
@group(0) @binding(0) var<storage, read> words: array<u32>;
#endif
@group(0) @binding(1) var<uniform> layer: ChannelSums;
@group(0) @binding(2) var<uniform> batch: Batch;
@group(0) @binding(3) var<storage, read_write> sums: array<vec4u>;

var<workgroup> partial: array<vec4u, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn channelSums(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let own = group.z * groups.x + group.x;
  let block = own / layer.share;
  if (block >= layer.blocks) { return; }
  var sum = vec4u();
  for (var e = 0u; e < ENTRIES; e++) {
    let entry = (own % layer.share * ENTRIES + e) * WORKGROUP + local;
    if (entry < layer.entries && entry % layer.batch < batch.images) { sum += fourOf(layer.source + block * layer.entries + entry); }
  }
  partial[local] = sum;
  for (var half = WORKGROUP / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (local < half) { partial[local] += partial[local + half]; }
  }
  if (local == 0u) { sums[layer.sums + own] = partial[0]; }
}

fn fourOf(at: u32) -> vec4u {
#if ${activations}
  return vec4u(cells[at]);
#else
  let word = words[at];
  return vec4u(word, word >> 8u, word >> 16u, word >> 24u) & vec4u(0xffu);
#endif
}
