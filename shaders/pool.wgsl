// pool: maximum or sum of words over windows (specification, section 7), for all images and waves.
// Words in and out: [wave][block of 4 channels][y][x][image]. Sums that need more than 8 bits are written as planes of
// bytes, least significant first: [wave][plane][block][y][x][image]. For the readout, sums are taken of every prefix of the
// words too, most significant bit first: a "wave" is then wave · K + phase.
// One invocation: four channels of one place of one image, all waves: kernel area loads and `planes` stores a wave.
// Uses lib/layer

struct Pool {
  channels: u32,
  height: u32,
  width: u32,
  batch: u32,
  source: u32,          // first word in the arena
  sourceWaveStride: u32,
  sourceHeight: u32,
  sourceWidth: u32,
  destination: u32,
  waveStride: u32,
  planes: u32,
  kernelHeight: u32,
  kernelWidth: u32,
  strideY: u32,
  strideX: u32,
  padTop: u32,
  padLeft: u32,
  dilationY: u32,
  dilationX: u32,
  waves: u32,
  phases: u32,          // 1, or K where the prefixes of the words are pooled one by one
  phaseBits: u32,
}

@group(0) @binding(0) var<storage, read_write> words: array<u32>;
@group(0) @binding(1) var<uniform> layer: Pool;
@group(0) @binding(2) var<uniform> batch: Batch;

@compute @workgroup_size(64)
fn pool(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = (group.z * groups.x + group.x) * 64u + local;
  let n = index % layer.batch;
  let place = index / layer.batch;  // (block · height + y) · width + x
  let block = place / (layer.width * layer.height);
  if (block * 4u >= layer.channels || n >= batch.images) { return; }
  let blocks = (layer.channels + 3u) / 4u;
  for (var i = 0u; i < layer.waves * layer.phases; i++) {
    let prefix = select(prefixMask(i % layer.phases), 0xffffffffu, layer.phases == 1u);
    let pooled = poolWindow(block, place % (layer.width * layer.height), i / layer.phases, n, prefix);
    for (var plane = 0u; plane < layer.planes; plane++) {
      let bytes = (pooled >> vec4u(8u * plane)) & vec4u(0xffu);
      let word = bytes.x | (bytes.y << 8u) | (bytes.z << 16u) | (bytes.w << 24u);
      let at = layer.destination + i * layer.waveStride + (plane * blocks * layer.height * layer.width + place) * layer.batch + n;
      words[at] = word;
    }
  }
}

// The bits of a word that have been sent after this phase, in each of four bytes.
fn prefixMask(phase: u32) -> u32 {
  let rest = layer.phaseBits - 1u - phase;
  return (((0xffu >> rest) << rest) & 0xffu) * 0x01010101u;
}

fn poolWindow(block: u32, pixel: u32, wave: u32, n: u32, prefix: u32) -> vec4u {
  var pooled = vec4u(0u);
  for (var ky = 0u; ky < layer.kernelHeight; ky++) {
    let y = i32(pixel / layer.width * layer.strideY + ky * layer.dilationY) - i32(layer.padTop);
    for (var kx = 0u; kx < layer.kernelWidth; kx++) {
      let x = i32(pixel % layer.width * layer.strideX + kx * layer.dilationX) - i32(layer.padLeft);
      if (y >= 0 && y < i32(layer.sourceHeight) && x >= 0 && x < i32(layer.sourceWidth)) {
        let at = ((block * layer.sourceHeight + u32(y)) * layer.sourceWidth + u32(x)) * layer.batch + n;
        let word = words[layer.source + wave * layer.sourceWaveStride + at] & prefix;
        let bytes = vec4u(word, word >> 8u, word >> 16u, word >> 24u) & vec4u(0xffu);
#if ${maximum}
        pooled = max(pooled, bytes);
#else
        pooled += bytes;
#endif
      }
    }
  }
  return pooled;
}
