// encode: pixels → words of layer 0 (specification, section 7). Upload: [image][channel][y][x], one byte each, four to a
// u32. Words: [block of 4 channels][y][x][image]. The zero point is in the biases of the layers that read them.
// One invocation: one word, that is four channels of one pixel of one image: 4 loads, 1 store.
// Uses lib/layer

struct Encode {
  channels: u32,
  area: u32,          // height × width
  batch: u32,
  destination: u32,   // first word in the arena
}

@group(0) @binding(0) var<storage, read_write> words: array<u32>;
@group(0) @binding(1) var<storage, read> pixels: array<u32>;
@group(0) @binding(2) var<uniform> layer: Encode;
@group(0) @binding(3) var<uniform> batch: Batch;

@compute @workgroup_size(64)
fn encode(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = (group.z * groups.x + group.x) * 64u + local;
  let n = index % layer.batch;
  let place = index / layer.batch;  // block · area + pixel
  let block = place / layer.area;
  if (block * 4u >= layer.channels || n >= batch.images) { return; }
  var word = 0u;
  for (var c = 0u; c < 4u && block * 4u + c < layer.channels; c++) {
    let byte = (n * layer.channels + block * 4u + c) * layer.area + place % layer.area;
    word |= ((pixels[byte / 4u] >> (8u * (byte % 4u))) & 0xffu) << (8u * c);
  }
  words[layer.destination + place * layer.batch + n] = word;
}
