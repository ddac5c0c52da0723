// accumulate: one layer of bistable neurons for all images and waves (specification, section 2, the windowed rule).
//
//     V    = clamp(V + b + Σ_t (Σ_i w_t,i · word_i) · 2^s_t, ±(2^30 − 1))
//     word = clamp(⌊V / θ⌋, 0, 2^K − 1)
//     V    = V − θ · word
//
// Register tiles: one invocation has 8 output channels × 8 columns, pixels of a row (or images where rows are short), all waves, or
// (`deep`, for stride 2, which needs more words a column) 16 × 4; membranes stay in registers (`lib/neurons`).
// Words are [wave][block of 4 channels][y][x][image]: neighbouring invocations are neighbouring images.
// Weights of a tile of 8 channels are [term][block][ky][kx][8 channels], 4 bytes (the block's channels, plus 128) to a u32.
// Loads for 8 × 8 × 12 multiply-adds of a 3-wide row: 10 words, 6 vec4u of weights.
// No races: an invocation writes the words of its own channels, pixels and images, into a region that no source shares.
// Uses lib/broadcast, lib/layer, lib/bytes, lib/rows, lib/place, lib/neurons, lib/tap, lib/sums

@group(0) @binding(0) var<storage, read_write> words: array<u32>;
#if ${uniformWeights}
@group(0) @binding(1) var<uniform> weights: array<vec4u, 4096>;
#else
@group(0) @binding(1) var<storage, read> weights: array<vec4u>;
#endif
@group(0) @binding(2) var<uniform> layer: Layer;
@group(0) @binding(3) var<uniform> batch: Batch;
#if ${uniformTable}
@group(0) @binding(4) var<uniform> channels: array<vec4i, 4096>;          // bias, g, V(0) | shift, identity weight
#else
@group(0) @binding(4) var<storage, read> channels: array<vec4i>;
#endif
@group(0) @binding(5) var<storage, read_write> counters: array<atomic<u32>>;
#if ${keepMembranes}
@group(0) @binding(6) var<storage, read_write> membranes: array<i32>;     // [channel][y][x][image]
#endif

override workgroupSize = 64u;
#if ${deep}
const TILES = 2u;    // of 8 channels, of one invocation
const COLUMNS = 4u;
#else
const TILES = 1u;
const COLUMNS = 8u;
#endif

@compute @workgroup_size(workgroupSize)
fn accumulate(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  _ = &weights;  // bound also where a layer has identities only
  let index = (group.z * groups.x + group.x) * workgroupSize + local;
  let share = group.y * TILES;  // tile of this dispatch's weights
  let tile = layer.firstTile + share;
  let n = index % layer.lanes;
  let x = index / layer.lanes % layer.tilesX * (layer.stepX * (COLUMNS - 1u) + 1u);
  let y = index / layer.lanes / layer.tilesX;
#if ${broadcast}
  // lane 0 of every subgroup broadcasts weights and must stay: what is out of range is computed and not stored
#else
  if (y >= layer.height || n >= batch.images) { return; }
#endif

  let place = Place((y * layer.width + x) * layer.batch + n, layer.stepX * layer.batch + layer.stepN, x, n, y < layer.height);
  var v = startOf(tile);
#if ${pixels}
  // all terms read the pixels, which bring the same in every wave: summed once
  var current = Membranes();
  addTerms(&current, tile, share, 0u, place, y);
#endif
  var spikes = 0u;
  for (var wave = 0u; wave < layer.waves; wave++) {
#if ${pixels}
    addCurrent(&v, &current);
#else
    addTerms(&v, tile, share, wave, place, y);
#endif
    spikes += fire(&v, tile, wave, place);
  }
  atomicAdd(&counters[layer.counter], spikes);
#if ${keepMembranes}
  keepMembranes(&v, tile, place);
#endif
}

fn isThere(place: Place, i: u32) -> bool {
  return place.inside && place.x + i * layer.stepX < layer.width && place.n + i * layer.stepN < batch.images;
}

// The membranes integrate what all terms bring in one wave. Only the ways that the layer's terms need are compiled.
fn addTerms(v: ptr<function, Membranes>, tile: u32, share: u32, wave: u32, place: Place, y: u32) {
  for (var t = 0u; t < layer.terms; t++) {
    var term = layer.term[t];
#if ${identity}
    if (term.kind == IDENTITY) {
      addIdentity(v, &term, tile, wave, place);
      continue;
    }
#endif
    var sums = Sums();  // written out: without, a driver was seen to keep the sums of the wave before
    let weight = share * layer.tileWeights + term.weights;
#if ${rows}
    if (term.kind == ROWS) { sumRows(&sums, &term, tile, wave, place.n, place.x, y, weight); }
#endif
#if ${deep}
    if (term.kind == STRIDED) { sumStrided(&sums, &term, tile, wave, place.n, place.x, y, weight); }
#endif
#if ${window}
    if (term.kind == CONVOLUTION) { sumWindow(&sums, &term, tile, wave, place.n, place.x, y, weight); }
#endif
    addSums(v, &sums, &term, tile);
  }
}

#if ${rows}
// Kernels 3 wide, stride 1: the ten words of a row serve the three taps of eight pixels.
fn sumRows(sums: ptr<function, Sums>, term: ptr<function, Term>, tile: u32, wave: u32, n: u32, x: u32, y: u32, weight: u32) {
  let left = i32(x) - i32((*term).padLeft);
  let c0 = columnOf(term, left);
  let c1 = columnOf(term, left + 1);
  let c2 = columnOf(term, left + 2);
  let c3 = columnOf(term, left + 3);
  let c4 = columnOf(term, left + 4);
  let c5 = columnOf(term, left + 5);
  let c6 = columnOf(term, left + 6);
  let c7 = columnOf(term, left + 7);
  let c8 = columnOf(term, left + 8);
  let c9 = columnOf(term, left + 9);
  let first = firstBlock(term, tile);
  var w = weight;
  for (var q = first; q < first + (*term).blocks; q++) {
#if ${halves}
    var opened = Open();
    let open = &opened;
#else
    let open = sums;
#endif
    for (var ky = 0u; ky < (*term).kernelHeight; ky++) {
      let row = rowOf(term, q, ky, wave, n, y);
      let a0 = wordOf(row, c0);
      let a1 = wordOf(row, c1);
      let a2 = wordOf(row, c2);
      let a3 = wordOf(row, c3);
      let a4 = wordOf(row, c4);
      let a5 = wordOf(row, c5);
      let a6 = wordOf(row, c6);
      let a7 = wordOf(row, c7);
      let a8 = wordOf(row, c8);
      let a9 = wordOf(row, c9);
      let weights = rowWeights(w);
      tap(open, vec4u(a0, a1, a2, a3), vec4u(a4, a5, a6, a7), weights[0], weights[1]);
      tap(open, vec4u(a1, a2, a3, a4), vec4u(a5, a6, a7, a8), weights[2], weights[3]);
      tap(open, vec4u(a2, a3, a4, a5), vec4u(a6, a7, a8, a9), weights[4], weights[5]);
#if ${packedDot}
      let s0 = dots(vec4u(a0, a1, a2, a3), 0x01010101u);
      let s4 = dots(vec4u(a4, a5, a6, a7), 0x01010101u);
      let s8 = dots(vec4u(a8, a9, 0u, 0u), 0x01010101u);
      (*sums)[16] += s0 + vec4u(s0.yzw, s4.x) + vec4u(s0.zw, s4.xy);
      (*sums)[17] += s4 + vec4u(s4.yzw, s8.x) + vec4u(s4.zw, s8.xy);
#endif
      w += 6u;
    }
    settle(sums, open);
  }
}
#endif

#if ${deep}
// Kernels 3 wide, stride 2: nine words of a row serve four pixels.
fn sumStrided(sums: ptr<function, Sums>, term: ptr<function, Term>, tile: u32, wave: u32, n: u32, x: u32, y: u32, weight: u32) {
  let left = i32(2u * x) - i32((*term).padLeft);
  let c0 = columnOf(term, left);
  let c1 = columnOf(term, left + 1);
  let c2 = columnOf(term, left + 2);
  let c3 = columnOf(term, left + 3);
  let c4 = columnOf(term, left + 4);
  let c5 = columnOf(term, left + 5);
  let c6 = columnOf(term, left + 6);
  let c7 = columnOf(term, left + 7);
  let c8 = columnOf(term, left + 8);
  let first = firstBlock(term, tile);
  var w = weight;
  for (var q = first; q < first + (*term).blocks; q++) {
#if ${halves}
    var opened = Open();
    let open = &opened;
#else
    let open = sums;
#endif
    for (var ky = 0u; ky < (*term).kernelHeight; ky++) {
      let row = rowOf(term, q, ky, wave, n, y);
      let even = vec4u(wordOf(row, c0), wordOf(row, c2), wordOf(row, c4), wordOf(row, c6));
      let odd = vec4u(wordOf(row, c1), wordOf(row, c3), wordOf(row, c5), wordOf(row, c7));
      let next = vec4u(even.yzw, wordOf(row, c8));
      let near = rowWeights(w);
      let far = rowWeights(w + layer.tileWeights);
      tapDeep(open, even, near[0], near[1], far[0], far[1]);
      tapDeep(open, odd, near[2], near[3], far[2], far[3]);
      tapDeep(open, next, near[4], near[5], far[4], far[5]);
#if ${packedDot}
      (*sums)[16] += dots(even, 0x01010101u) + dots(odd, 0x01010101u) + dots(next, 0x01010101u);
      (*sums)[17] = (*sums)[16];
#endif
      w += 6u;
    }
    settle(sums, open);
  }
}
#endif

// The weights of three taps of eight channels. Read after all words of a row: loads between the taps cost llvmpipe more.
fn rowWeights(w: u32) -> array<vec4u, 6> {
  return array<vec4u, 6>(weightsAt(w), weightsAt(w + 1u), weightsAt(w + 2u), weightsAt(w + 3u), weightsAt(w + 4u), weightsAt(w + 5u));
}

#if ${window}
// Any kernel, stride, padding and dilation: eight words a tap.
fn sumWindow(sums: ptr<function, Sums>, term: ptr<function, Term>, tile: u32, wave: u32, n: u32, x: u32, y: u32, weight: u32) {
  let width = i32((*term).width);
  let stepX = i32(layer.stepX * (*term).strideX);
  let step = stepX * i32(layer.batch) + i32(layer.stepN);
  let first = firstBlock(term, tile);
  var w = weight;
  for (var q = first; q < first + (*term).blocks; q++) {
#if ${halves}
    var opened = Open();
    let open = &opened;
#else
    let open = sums;
#endif
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
        tap(open, nearWords, farWords, weightsAt(w), weightsAt(w + 1u));
#if ${packedDot}
        (*sums)[16] += dots(nearWords, 0x01010101u);
        (*sums)[17] += dots(farWords, 0x01010101u);
#endif
        w += 2u;
      }
    }
    settle(sums, open);
  }
}
#endif
