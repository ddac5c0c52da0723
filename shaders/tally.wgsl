// tally: the words of one layer → what the stepped engine counts spike by spike (specification, section 10): spikes of each
// neuron so far, and the sum of their weights in units of the word's last bit.
// Words in: [wave][block of 4 channels][y][x][image], four channels to a u32. Out: [channel][y][x][image].
// One invocation: four channels of one place of one image, all words sent so far; nobody else writes its entries.
// Uses lib/layer

struct Tally {
  channels: u32,
  area: u32,         // height × width
  batch: u32,        // images in the layout
  source: u32,       // first word in the arena
  waveStride: u32,
  words: u32,        // sent completely
  prefix: u32,       // bits of the word after them that are sent, in each of four bytes; 0 for none
}

@group(0) @binding(0) var<storage, read> words: array<u32>;
@group(0) @binding(1) var<uniform> layer: Tally;
@group(0) @binding(2) var<uniform> batch: Batch;
@group(0) @binding(3) var<storage, read_write> counts: array<u32>;
@group(0) @binding(4) var<storage, read_write> decoded: array<i32>;

@compute @workgroup_size(64)
fn tally(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = (group.z * groups.x + group.x) * 64u + local;
  let n = index % layer.batch;
  let place = index / layer.batch;  // block · area + pixel
  let block = place / layer.area;
  if (block * 4u >= layer.channels || n >= batch.images) { return; }
  var spikes = vec4u(0u);
  var sum = vec4u(0u);
  for (var wave = 0u; wave < layer.words + u32(layer.prefix != 0u); wave++) {
    let sent = select(layer.prefix, 0xffffffffu, wave < layer.words);
    let word = words[layer.source + wave * layer.waveStride + place * layer.batch + n] & sent;
    let bytes = vec4u(word, word >> 8u, word >> 16u, word >> 24u) & vec4u(0xffu);
    spikes += countOneBits(bytes);
    sum += bytes;
  }
  for (var c = 0u; c < 4u && block * 4u + c < layer.channels; c++) {
    let at = ((block * 4u + c) * layer.area + place % layer.area) * layer.batch + n;
    counts[at] = spikes[c];
    decoded[at] = i32(sum[c]);
  }
}
