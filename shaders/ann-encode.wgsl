// ann-encode: pixels → normalised activations (p / 255 − mean) / std of the trained network, in f32; or exact, as integers on the
// input's grid, which the host has rounded for every value of a pixel.
// Upload: [image][channel][y][x], one byte each, four to a u32. Out: [block of 4 channels][y][x][image] of vec4f or vec4i.
// One invocation: four channels of one pixel of one image.
// Uses lib/layer

struct AnnEncode {
  channels: u32,
  area: u32,          // height × width
  batch: u32,
  destination: u32,   // first cell in the arena
}

#if ${exact}
alias Four = vec4i;
#else
alias Four = vec4f;
#endif

@group(0) @binding(0) var<storage, read_write> cells: array<Four>;
@group(0) @binding(1) var<storage, read> pixels: array<u32>;
@group(0) @binding(2) var<uniform> layer: AnnEncode;
@group(0) @binding(3) var<uniform> batch: Batch;
#if ${exact}
@group(0) @binding(4) var<storage, read> fixedPixels: array<i32>;  // [channel][256]
#else
@group(0) @binding(5) var<storage, read> normalization: array<vec2f>;  // mean and std of each channel
#endif

@compute @workgroup_size(64)
fn annEncode(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = (group.z * groups.x + group.x) * 64u + local;
  let n = index % layer.batch;
  let place = index / layer.batch;  // block · area + pixel
  let block = place / layer.area;
  if (block * 4u >= layer.channels || n >= batch.images) { return; }
  var cell = Four();
  for (var c = 0u; c < 4u && block * 4u + c < layer.channels; c++) {
    let channel = block * 4u + c;
    let byte = (n * layer.channels + channel) * layer.area + place % layer.area;
    let pixel = (pixels[byte / 4u] >> (8u * (byte % 4u))) & 0xffu;
#if ${exact}
    cell[c] = fixedPixels[channel * 256u + pixel];
#else
    cell[c] = (f32(pixel) / 255.0 - normalization[channel].x) / normalization[channel].y;
#endif
  }
  cells[layer.destination + place * layer.batch + n] = cell;
}
