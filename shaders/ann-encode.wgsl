// ann-encode: pixels → normalised activations (p / 255 − mean) / std of the trained network, in f32.
// Upload: [image][channel][y][x], one byte each, four to a u32. Out: [block of 4 channels][y][x][image] of vec4f.
// One invocation: four channels of one pixel of one image.
// Uses lib/layer

struct AnnEncode {
  channels: u32,
  area: u32,          // height × width
  batch: u32,
  destination: u32,   // first cell in the arena
}

@group(0) @binding(0) var<storage, read_write> cells: array<vec4f>;
@group(0) @binding(1) var<storage, read> pixels: array<u32>;
@group(0) @binding(2) var<uniform> layer: AnnEncode;
@group(0) @binding(3) var<uniform> batch: Batch;
@group(0) @binding(4) var<storage, read> normalization: array<vec2f>;  // mean and std of each channel

@compute @workgroup_size(64)
fn annEncode(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = (group.z * groups.x + group.x) * 64u + local;
  let n = index % layer.batch;
  let place = index / layer.batch;  // block · area + pixel
  let block = place / layer.area;
  if (block * 4u >= layer.channels || n >= batch.images) { return; }
  var cell = vec4f(0.0);
  for (var c = 0u; c < 4u && block * 4u + c < layer.channels; c++) {
    let channel = block * 4u + c;
    let byte = (n * layer.channels + channel) * layer.area + place % layer.area;
    let pixel = f32((pixels[byte / 4u] >> (8u * (byte % 4u))) & 0xffu);
    cell[c] = (pixel / 255.0 - normalization[channel].x) / normalization[channel].y;
  }
  cells[layer.destination + place * layer.batch + n] = cell;
}
