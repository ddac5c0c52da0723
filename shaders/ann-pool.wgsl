// ann-pool: maximum or mean over windows of the trained network, in f32; or exact, in integers on the source's grid, means rounded
// to nearest, halves up. Cells: [block of 4 channels][y][x][image] of vec4f or vec4i.
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

#if ${exact}
alias Four = vec4i;
const LEAST = vec4i(-0x7fffffff);
#else
alias Four = vec4f;
const LEAST = vec4f(-3.4e38);
#endif

@group(0) @binding(0) var<storage, read_write> cells: array<Four>;
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
  var pooled = LEAST;
#else
  var pooled = Four();
#endif
#if ${exact}
  var high = vec4i();  // of sums, what is above 16 bits
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
#if ${exact}
        high += pooled >> vec4u(16u);
        pooled &= vec4i(0xffff);
#endif
#endif
        places++;
      }
    }
  }
#if ${maximum}
  if (places == 0u) { pooled = Four(); }
#else
  let divisor = select(max(places, 1u), layer.kernelHeight * layer.kernelWidth, layer.countPadding == 1u);
#if ${exact}
  pooled = mean(high, pooled, divisor);
#else
  pooled /= f32(divisor);
#endif
#endif
  cells[layer.destination + place * layer.batch + n] = pooled;
}
#if ${exact}

// high · 2^16 + low, below 2^17 · divisor in magnitude, by a divisor below 2^28: the nearest integer, halves up, in long division by
// digits of 4 bits. 2^18 is added meanwhile, so that nothing is negative.
fn mean(high: vec4i, low: vec4i, divisor: u32) -> vec4i {
  let half = vec4u(divisor / 2u);
  let lowest = vec4u(low) + (half & vec4u(0xffffu));
  let highest = vec4u(high + vec4i(i32(divisor) * 4)) + (half >> vec4u(16u)) + (lowest >> vec4u(16u));
  var quotient = highest / divisor;
  var rest = highest % divisor;
  for (var digit = 0u; digit < 4u; digit++) {
    rest = (rest << vec4u(4u)) | ((lowest >> vec4u(12u - digit * 4u)) & vec4u(0xfu));
    quotient = (quotient << vec4u(4u)) | (rest / divisor);
    rest %= divisor;
  }
  return vec4i(quotient) - vec4i(1 << 18u);
}
#endif
