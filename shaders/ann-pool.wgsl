// ann-pool: maximum or mean over windows of the trained network, in f32. Cells: [block of 4 channels][y][x][image] of vec4f.
// One invocation: four channels of one place of one image.
// Uses lib/layer

struct AnnPool {
  channels: u32,
  height: u32,
  width: u32,
  batch: u32,
  source: u32,          // first cell in the arena
  sourceHeight: u32,
  sourceWidth: u32,
  destination: u32,
  kernelHeight: u32,
  kernelWidth: u32,
  strideY: u32,
  strideX: u32,
  padTop: u32,
  padLeft: u32,
  dilationY: u32,
  dilationX: u32,
  countPadding: u32,    // 1 where the divisor of a mean counts padded places
}

@group(0) @binding(0) var<storage, read_write> cells: array<vec4f>;
@group(0) @binding(1) var<uniform> layer: AnnPool;
@group(0) @binding(2) var<uniform> batch: Batch;

@compute @workgroup_size(64)
fn annPool(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = (group.z * groups.x + group.x) * 64u + local;
  let n = index % layer.batch;
  let place = index / layer.batch;  // (block · height + y) · width + x
  let block = place / (layer.width * layer.height);
  if (block * 4u >= layer.channels || n >= batch.images) { return; }
  let pixel = place % (layer.width * layer.height);
#if ${maximum}
  var pooled = vec4f(-3.4e38);
#else
  var pooled = vec4f(0.0);
#endif
  var places = 0u;
  for (var ky = 0u; ky < layer.kernelHeight; ky++) {
    let y = i32(pixel / layer.width * layer.strideY + ky * layer.dilationY) - i32(layer.padTop);
    for (var kx = 0u; kx < layer.kernelWidth; kx++) {
      let x = i32(pixel % layer.width * layer.strideX + kx * layer.dilationX) - i32(layer.padLeft);
      if (y >= 0 && y < i32(layer.sourceHeight) && x >= 0 && x < i32(layer.sourceWidth)) {
        let cell = cells[layer.source + ((block * layer.sourceHeight + u32(y)) * layer.sourceWidth + u32(x)) * layer.batch + n];
#if ${maximum}
        pooled = max(pooled, cell);
#else
        pooled += cell;
#endif
        places++;
      }
    }
  }
#if ${maximum}
  if (places == 0u) { pooled = vec4f(0.0); }
#else
  pooled /= f32(select(max(places, 1u), layer.kernelHeight * layer.kernelWidth, layer.countPadding == 1u));
#endif
  cells[layer.destination + place * layer.batch + n] = pooled;
}
