// encode: pixels → words of layer 0 (specification, section 7). Upload: [image][channel][y][x], one byte each, four to a
// u32. Words: [block of 4 channels][y][x][image]. The zero point is in the biases of the layers that read them.
// One invocation: four channels of four pixels of one image: 4 loads (8 where channels do not begin at a u32), 4 stores. Nobody else
// writes its words. A workgroup: 8 images × 32 pixels, so that its loads and its stores both come in runs of 32 bytes.
// Uses lib/layer

struct Encode {
  channels: u32,
  area: u32,          // height × width
  batch: u32,
  destination: u32,   // first word in the arena
  images: u32,        // of a workgroup: 8, or a power of two that holds a smaller batch
}

@group(0) @binding(0) var<storage, read_write> words: array<u32>;
@group(0) @binding(1) var<storage, read> pixels: array<u32>;
@group(0) @binding(2) var<uniform> layer: Encode;
@group(0) @binding(3) var<uniform> batch: Batch;

const BYTES = vec4u(0u, 8u, 16u, 24u);

@compute @workgroup_size(64)
fn encode(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = group.z * groups.x + group.x;
  let groupsOfImages = (layer.batch + layer.images - 1u) / layer.images;
  let quads = (layer.area + 3u) / 4u;
  let n = index % groupsOfImages * layer.images + local % layer.images;
  let cell = index / groupsOfImages * (64u / layer.images) + local / layer.images;  // block · quads + quad
  let block = cell / quads;
  let pixel = cell % quads * 4u;
  if (block * 4u >= layer.channels || n >= batch.images) { return; }
  var four = vec4u(0u);  // words of the four pixels
  for (var c = 0u; c < 4u && block * 4u + c < layer.channels; c++) {
    let bytes = bytesAt((n * layer.channels + block * 4u + c) * layer.area + pixel);
    four |= ((vec4u(bytes) >> BYTES) & vec4u(0xffu)) << vec4u(8u * c);
  }
  let first = layer.destination + (block * layer.area + pixel) * layer.batch + n;
  words[first] = four.x;
  if (pixel + 1u < layer.area) { words[first + layer.batch] = four.y; }
  if (pixel + 2u < layer.area) { words[first + 2u * layer.batch] = four.z; }
  if (pixel + 3u < layer.area) { words[first + 3u * layer.batch] = four.w; }
}

// Four bytes of the upload, from any on; behind its last there is room for them.
fn bytesAt(byte: u32) -> u32 {
  let shift = 8u * (byte % 4u);
  let near = pixels[byte / 4u];
  if (shift == 0u) { return near; }
  return (near >> shift) | (pixels[byte / 4u + 1u] << (32u - shift));
}
