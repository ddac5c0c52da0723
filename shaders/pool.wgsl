// pool: maximum or sum of words over windows (specification, section 7), for all images and waves.
// Words in and out: [wave][block of 4 channels][y][x][image]. Sums that need more than 8 bits are written as planes of
// bytes, least significant first: [wave][plane][block][y][x][image]. For the readout, sums are taken of every prefix of the
// words too, most significant bit first: a "wave" is then wave · K + phase.
// One invocation: four channels of one place of one image and wave, after up to four phases: kernel area loads, and `planes`
// stores a phase. Each writes its own words, into a region that is not its source's.
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
  phases: u32,          // 1, or K where the prefixes of the words are pooled one by one
}

@group(0) @binding(0) var<storage, read_write> words: array<u32>;
@group(0) @binding(1) var<uniform> layer: Pool;
@group(0) @binding(2) var<uniform> batch: Batch;

// [i]: four channels after phase i of an invocation's.
alias Pooled = array<vec4u, 4>;

@compute @workgroup_size(64)
fn pool(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = (group.z * groups.x + group.x) * 64u + local;
  let n = index % layer.batch;
  let place = index / layer.batch;  // (block · height + y) · width + x
  let area = layer.height * layer.width;
  let cells = (layer.channels + 3u) / 4u * area;
  if (place >= cells || n >= batch.images) { return; }
  let quads = (layer.phases + 3u) / 4u;
  let wave = group.y / quads;  // along y: waves, of each its phases by four
  let phase = group.y % quads * 4u;
  let pooled = poolWindow(place / area, place % area, wave, n, prefixes(phase));
  let first = layer.destination + (wave * layer.phases + phase) * layer.waveStride + place * layer.batch + n;
  let planeStride = cells * layer.batch;
  store(pooled[0], first, planeStride);
  if (layer.phases == 1u) { return; }
  if (phase + 1u < layer.phases) { store(pooled[1], first + layer.waveStride, planeStride); }
  if (phase + 2u < layer.phases) { store(pooled[2], first + 2u * layer.waveStride, planeStride); }
  if (phase + 3u < layer.phases) { store(pooled[3], first + 3u * layer.waveStride, planeStride); }
}

// The bits of a word that have been sent after a phase and the three after it, in each of four bytes; all of them where `phases` is 1.
fn prefixes(phase: u32) -> vec4u {
  let last = layer.phases - 1u;
  let rest = vec4u(last) - min(vec4u(phase) + vec4u(0u, 1u, 2u, 3u), vec4u(last));
  return ((vec4u(0xffu) << rest) & vec4u(0xffu)) * vec4u(0x01010101u);
}

// Rows and columns are worked out before the loops over them: llvmpipe takes nothing out of a loop by itself.
fn poolWindow(block: u32, pixel: u32, wave: u32, n: u32, sent: vec4u) -> Pooled {
  var pooled = Pooled();
  let top = i32(pixel / layer.width * layer.strideY) - i32(layer.padTop);
  let left = i32(pixel % layer.width * layer.strideX) - i32(layer.padLeft);
  let first = layer.source + wave * layer.sourceWaveStride + block * layer.sourceHeight * layer.sourceWidth * layer.batch + n;
  for (var ky = 0u; ky < layer.kernelHeight; ky++) {
    let y = top + i32(ky * layer.dilationY);
    let isRow = y >= 0 && y < i32(layer.sourceHeight);
    let row = first + u32(y) * layer.sourceWidth * layer.batch;
    for (var kx = 0u; kx < layer.kernelWidth; kx++) {
      let x = left + i32(kx * layer.dilationX);
      if (isRow && x >= 0 && x < i32(layer.sourceWidth)) { take(&pooled, words[row + u32(x) * layer.batch], sent); }
    }
  }
  return pooled;
}

fn take(pooled: ptr<function, Pooled>, word: u32, sent: vec4u) {
#if ${maximum}
  (*pooled)[0] = max((*pooled)[0], bytesOf(word));
#else
  (*pooled)[0] += bytesOf(word & sent.x);
  if (layer.phases > 1u) {
    (*pooled)[1] += bytesOf(word & sent.y);
    (*pooled)[2] += bytesOf(word & sent.z);
    (*pooled)[3] += bytesOf(word & sent.w);
  }
#endif
}

fn bytesOf(word: u32) -> vec4u {
  return vec4u(word, word >> 8u, word >> 16u, word >> 24u) & vec4u(0xffu);
}

fn store(pooled: vec4u, first: u32, planeStride: u32) {
  for (var plane = 0u; plane < layer.planes; plane++) {
    let bytes = (pooled >> vec4u(8u * plane)) & vec4u(0xffu);
    words[first + plane * planeStride] = bytes.x | (bytes.y << 8u) | (bytes.z << 16u) | (bytes.w << 24u);
  }
}
