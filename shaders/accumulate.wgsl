// accumulate: one layer of bistable neurons for all images and waves (specification, section 2, the windowed rule).
//
//     V    = clamp(V + b + Σ_i w_i · word_i, −2^23, 2^23)
//     word = clamp(⌊V / θ⌋, 0, 2^K − 1)
//     V    = V − θ · word
//
// One invocation: 8 output channels × 8 pixels of a row (or 8 images where rows are short), all waves; membranes stay in
// registers. Words are [wave][block of 4 channels][y][x][image]: neighbouring invocations are neighbouring images.
// Weights of a tile of 8 channels are [term][block][ky][kx][8 channels], 4 bytes (the block's channels, plus 128) to a u32.
// Loads for 8 × 8 × 12 multiply-adds of a 3-wide row: 10 words, 6 vec4u of weights.
// No races: an invocation writes the words of its own channels, pixels and images, into a region that no source shares.

@group(0) @binding(0) var<storage, read_write> words: array<u32>;
#if ${uniformWeights}
@group(0) @binding(1) var<uniform> weights: array<vec4u, 4096>;
#else
@group(0) @binding(1) var<storage, read> weights: array<vec4u>;
#endif
@group(0) @binding(2) var<uniform> layer: Layer;
@group(0) @binding(3) var<uniform> batch: Batch;
@group(0) @binding(4) var<storage, read> channels: array<vec4i>;          // bias, g | identity weight
@group(0) @binding(5) var<storage, read_write> counters: array<atomic<u32>>;
#if ${keepMembranes}
@group(0) @binding(6) var<storage, read_write> membranes: array<i32>;     // [channel][y][x][image]
#endif

const LIMIT = 8388608;  // 2^23

// Channel u of a tile: [2u] holds pixels 0 to 3, [2u + 1] pixels 4 to 7. [16] and [17] are the sums of the words alone.
alias Sums = array<Lanes, 18>;
alias Membranes = array<vec4i, 16>;

override workgroupSize = 64u;

@compute @workgroup_size(workgroupSize)
fn accumulate(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = (group.z * groups.x + group.x) * workgroupSize + local;
  let tile = layer.firstTile + group.y;
  let n = index % layer.lanes;
  let x = index / layer.lanes % layer.tilesX * (layer.stepX * 7u + 1u);
  let y = index / layer.lanes / layer.tilesX;
#if ${broadcast}
  // lane 0 of every subgroup broadcasts weights and must stay: what is out of range is computed and not stored
#else
  if (y >= layer.height || n >= batch.images) { return; }
#endif

  var v = Membranes();
  for (var u = 0u; u < 8u; u++) {
    let start = vec4i(channels[layer.channelBase + tile * 8u + u].z);
    v[2u * u] = start;
    v[2u * u + 1u] = start;
  }
  var spikes = 0u;
  for (var wave = 0u; wave < layer.waves; wave++) {
    for (var t = 0u; t < layer.terms; t++) {
      var term = layer.term[t];
      if (term.kind == IDENTITY) {
        addIdentity(&v, &term, tile, wave, n, x, y);
      } else {
        var sums = Sums();  // written out: without, a driver was seen to keep the sums of the wave before
        let weight = group.y * layer.tileWeights + term.weights;
        if (term.kernelWidth == 3u && term.strideX == 1u && term.dilationX == 1u && layer.stepX == 1u) {
          sumRows3(&sums, &term, tile, wave, n, x, y, weight);
        } else {
          sumWindow(&sums, &term, tile, wave, n, x, y, weight);
        }
        addSums(&v, &sums, tile, term.shift);
      }
    }
    spikes += fire(&v, tile, wave, n, x, y);
  }
  atomicAdd(&counters[layer.counter], spikes);
#if ${keepMembranes}
  keepMembranes(&v, tile, n, x, y);
#endif
}

// Kernels 3 wide, stride 1: the ten words of a row serve the three taps of eight pixels.
fn sumRows3(sums: ptr<function, Sums>, term: ptr<function, Term>, tile: u32, wave: u32, n: u32, x: u32, y: u32, weight: u32) {
  let width = i32((*term).width);
  let step = i32(layer.batch);
  let left = i32(x) - i32((*term).padLeft);
  let first = firstBlock(term, tile);
  var w = weight;
  for (var q = first; q < first + (*term).blocks; q++) {
    let pad = (*term).pad + q * (*term).padStride;
    for (var ky = 0u; ky < (*term).kernelHeight; ky++) {
      let iy = i32(y * (*term).strideY + ky * (*term).dilationY) - i32((*term).padTop);
      let inside = iy >= 0 && iy < i32((*term).height);
      let row = i32((*term).source + wave * (*term).waveStride + n) + ((i32(q * (*term).height) + iy) * width + left) * step;
      let a0 = words[select(pad, u32(row), inside && left >= 0 && left < width)];
      let a1 = words[select(pad, u32(row + step), inside && left >= -1 && left < width - 1)];
      let a2 = words[select(pad, u32(row + 2 * step), inside && left >= -2 && left < width - 2)];
      let a3 = words[select(pad, u32(row + 3 * step), inside && left >= -3 && left < width - 3)];
      let a4 = words[select(pad, u32(row + 4 * step), inside && left >= -4 && left < width - 4)];
      let a5 = words[select(pad, u32(row + 5 * step), inside && left >= -5 && left < width - 5)];
      let a6 = words[select(pad, u32(row + 6 * step), inside && left >= -6 && left < width - 6)];
      let a7 = words[select(pad, u32(row + 7 * step), inside && left >= -7 && left < width - 7)];
      let a8 = words[select(pad, u32(row + 8 * step), inside && left >= -8 && left < width - 8)];
      let a9 = words[select(pad, u32(row + 9 * step), inside && left >= -9 && left < width - 9)];
      tap(sums, vec4u(a0, a1, a2, a3), vec4u(a4, a5, a6, a7), w);
      tap(sums, vec4u(a1, a2, a3, a4), vec4u(a5, a6, a7, a8), w + 2u);
      tap(sums, vec4u(a2, a3, a4, a5), vec4u(a6, a7, a8, a9), w + 4u);
#if ${packedDot}
      let s0 = dots(vec4u(a0, a1, a2, a3), 0x01010101u);
      let s4 = dots(vec4u(a4, a5, a6, a7), 0x01010101u);
      let s8 = dots(vec4u(a8, a9, 0u, 0u), 0x01010101u);
      (*sums)[16] += s0 + vec4u(s0.yzw, s4.x) + vec4u(s0.zw, s4.xy);
      (*sums)[17] += s4 + vec4u(s4.yzw, s8.x) + vec4u(s4.zw, s8.xy);
#endif
      w += 6u;
    }
  }
}

// Any kernel, stride, padding and dilation: eight words a tap.
fn sumWindow(sums: ptr<function, Sums>, term: ptr<function, Term>, tile: u32, wave: u32, n: u32, x: u32, y: u32, weight: u32) {
  let width = i32((*term).width);
  let stepX = i32(layer.stepX * (*term).strideX);
  let step = stepX * i32(layer.batch) + i32(layer.stepN);
  let first = firstBlock(term, tile);
  var w = weight;
  for (var q = first; q < first + (*term).blocks; q++) {
    let pad = (*term).pad + q * (*term).padStride;
    for (var ky = 0u; ky < (*term).kernelHeight; ky++) {
      let iy = i32(y * (*term).strideY + ky * (*term).dilationY) - i32((*term).padTop);
      let inside = iy >= 0 && iy < i32((*term).height);
      let row = i32((*term).source + wave * (*term).waveStride + n) + (i32(q * (*term).height) + iy) * width * i32(layer.batch);
      for (var kx = 0u; kx < (*term).kernelWidth; kx++) {
        let ix = i32(x * (*term).strideX + kx * (*term).dilationX) - i32((*term).padLeft);
        let at = row + ix * i32(layer.batch);
        let i0 = vec4i(ix) + vec4i(0, 1, 2, 3) * stepX;
        let i4 = vec4i(ix) + vec4i(4, 5, 6, 7) * stepX;
        let near = select(vec4u(pad), vec4u(vec4i(at) + vec4i(0, 1, 2, 3) * step), vec4<bool>(inside) & (i0 >= vec4i(0)) & (i0 < vec4i(width)));
        let far = select(vec4u(pad), vec4u(vec4i(at) + vec4i(4, 5, 6, 7) * step), vec4<bool>(inside) & (i4 >= vec4i(0)) & (i4 < vec4i(width)));
        let nearWords = vec4u(words[near.x], words[near.y], words[near.z], words[near.w]);
        let farWords = vec4u(words[far.x], words[far.y], words[far.z], words[far.w]);
        tap(sums, nearWords, farWords, w);
#if ${packedDot}
        (*sums)[16] += dots(nearWords, 0x01010101u);
        (*sums)[17] += dots(farWords, 0x01010101u);
#endif
        w += 2u;
      }
    }
  }
}

fn weightsAt(w: u32) -> vec4u {
#if ${broadcast}
  return subgroupBroadcast(weights[w], 0u);
#else
  return weights[w];
#endif
}

// Four channels of eight pixels times the weights of eight output channels.
fn tap(sums: ptr<function, Sums>, near: vec4u, far: vec4u, w: u32) {
  let w0 = weightsAt(w);
  let w4 = weightsAt(w + 1u);
  let a = unpack(near);
  let b = unpack(far);
  (*sums)[0] += dots(a, w0.x);
  (*sums)[1] += dots(b, w0.x);
  (*sums)[2] += dots(a, w0.y);
  (*sums)[3] += dots(b, w0.y);
  (*sums)[4] += dots(a, w0.z);
  (*sums)[5] += dots(b, w0.z);
  (*sums)[6] += dots(a, w0.w);
  (*sums)[7] += dots(b, w0.w);
  (*sums)[8] += dots(a, w4.x);
  (*sums)[9] += dots(b, w4.x);
  (*sums)[10] += dots(a, w4.y);
  (*sums)[11] += dots(b, w4.y);
  (*sums)[12] += dots(a, w4.z);
  (*sums)[13] += dots(b, w4.z);
  (*sums)[14] += dots(a, w4.w);
  (*sums)[15] += dots(b, w4.w);
}

// The membrane integrates a term's sums. Where g < 0 it counts in units of θ.
fn addSums(v: ptr<function, Membranes>, sums: ptr<function, Sums>, tile: u32, shift: u32) {
  for (var u = 0u; u < 8u; u++) {
    let scale = shift + u32(max(0, -channels[layer.channelBase + tile * 8u + u].y));
    (*v)[2u * u] += signedSum((*sums)[2u * u], (*sums)[16]) << vec4u(scale);
    (*v)[2u * u + 1u] += signedSum((*sums)[2u * u + 1u], (*sums)[17]) << vec4u(scale);
  }
}

// A shortcut without parameters: the same place and channel, times one integer a channel.
fn addIdentity(v: ptr<function, Membranes>, term: ptr<function, Term>, tile: u32, wave: u32, n: u32, x: u32, y: u32) {
  let step = layer.stepX * layer.batch + layer.stepN;
  for (var half = 0u; half < 2u; half++) {
    let block = min(tile * 2u + half, (layer.channels + 3u) / 4u - 1u);
    let at = (*term).source + wave * (*term).waveStride + ((block * layer.height + y) * layer.width + x) * layer.batch + n;
    let near = vec4u(words[at], words[at + step], words[at + 2u * step], words[at + 3u * step]);
    let far = vec4u(words[at + 4u * step], words[at + 5u * step], words[at + 6u * step], words[at + 7u * step]);
    for (var c = 0u; c < 4u; c++) {
      let u = half * 4u + c;
      let o = tile * 8u + u;
      let scale = (*term).shift + u32(max(0, -channels[layer.channelBase + o].y));
      let w = channels[(*term).weights + o].x;
      (*v)[2u * u] += (vec4i(byteOf(near, c)) * w) << vec4u(scale);
      (*v)[2u * u + 1u] += (vec4i(byteOf(far, c)) * w) << vec4u(scale);
    }
  }
}

// The window's end and the firing window: bias, clamp, word. Writes the words and returns how many spikes they are.
fn fire(v: ptr<function, Membranes>, tile: u32, wave: u32, n: u32, x: u32, y: u32) -> u32 {
  let step = layer.stepX * layer.batch + layer.stepN;
  let blocks = (layer.channels + 3u) / 4u;
  var spikes = 0u;
  for (var half = 0u; half < 2u; half++) {
    var near = vec4u(0u);
    var far = vec4u(0u);
    for (var c = 0u; c < 4u; c++) {
      let u = half * 4u + c;
      let channel = channels[layer.channelBase + tile * 8u + u];
      let g = vec4u(u32(max(0, channel.y)));
      let bias = channel.x << u32(max(0, -channel.y));
      let v0 = clamp((*v)[2u * u] + vec4i(bias), vec4i(-LIMIT), vec4i(LIMIT));
      let v4 = clamp((*v)[2u * u + 1u] + vec4i(bias), vec4i(-LIMIT), vec4i(LIMIT));
      let word0 = clamp(v0 >> g, vec4i(0), vec4i(i32(layer.maxWord)));
      let word4 = clamp(v4 >> g, vec4i(0), vec4i(i32(layer.maxWord)));
      (*v)[2u * u] = v0 - (word0 << g);
      (*v)[2u * u + 1u] = v4 - (word4 << g);
      near |= vec4u(word0) << vec4u(8u * c);
      far |= vec4u(word4) << vec4u(8u * c);
    }
    let block = tile * 2u + half;
    if (block < blocks) {
      let at = layer.destination + wave * layer.waveStride + ((block * layer.height + y) * layer.width + x) * layer.batch + n;
      for (var i = 0u; i < 8u; i++) {
        if (y < layer.height && x + i * layer.stepX < layer.width && n + i * layer.stepN < batch.images) {
          let word = select(far[i & 3u], near[i & 3u], i < 4u);
          words[at + i * step] = word;
          spikes += countOneBits(word);
        }
      }
    }
  }
  return spikes;
}

#if ${keepMembranes}
fn keepMembranes(v: ptr<function, Membranes>, tile: u32, n: u32, x: u32, y: u32) {
  for (var u = 0u; u < 8u; u++) {
    let o = tile * 8u + u;
    for (var i = 0u; i < 8u; i++) {
      let xi = x + i * layer.stepX;
      let ni = n + i * layer.stepN;
      if (o < layer.channels && y < layer.height && xi < layer.width && ni < batch.images) {
        membranes[layer.membranes + ((o * layer.height + y) * layer.width + xi) * layer.batch + ni] = (*v)[2u * u + (i >> 2u)][i & 3u];
      }
    }
  }
}
#endif
