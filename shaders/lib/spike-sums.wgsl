// Σ w · s of all terms of a layer, each spike weighted by its phase (the neuron's `synapseWeight`), densely: 8 output channels of two pixels, four steps at once. Stands on `bytes` (packed dot
// products or f32, the same bits) and `broadcast`; `spikes`, `weights`, `channels`, `layer`, `chunk` are the kernel's.
// Weights of a tile of 8 channels are [term][block of 4][ky][kx][8 channels], 4 bytes (the block's channels, plus 128) to a u32.
// Loads for 8 outputs × 2 pixels × 4 steps × 8 source channels of a 3-wide row (1,536 multiply-adds): 4 words, 12 vec4u.

// `Currents` are the kernel's: channel u of a tile is [2u] at the first pixel, [2u + 1] at the second, each in four steps; so
// are the `Sums` of `lib/tap`.

const STEPS = vec4u(0u, 1u, 2u, 3u);

fn sumTerms(v: ptr<function, Currents>, tile: u32, weightTile: u32, group: u32, n: u32, x: u32, y: u32) {
  for (var t = 0u; t < layer.terms; t++) {
    var term = layer.term[t];
    if (!comesNow(&term)) { continue; }
    let scale = weightsOf(&term, group);
    if (term.kind == IDENTITY) {
      addIdentity(v, &term, scale, tile, group, n, x, y);
    } else {
      var sums = Sums();
      let weight = weightTile * layer.tileWeights + term.weights;
      if (term.kernelWidth == 3u && term.strideX == 1u && term.dilationX == 1u && layer.stepX == 1u) {
        sumRows3(&sums, &term, tile, group, n, x, y, weight);
      } else {
        sumWindow(&sums, &term, tile, group, n, x, y, weight);
      }
      // with constant indices: an array that a loop indexes stays in memory on software drivers
      addSum(v, &sums, &term, scale, tile, 0u);
      addSum(v, &sums, &term, scale, tile, 1u);
      addSum(v, &sums, &term, scale, tile, 2u);
      addSum(v, &sums, &term, scale, tile, 3u);
      addSum(v, &sums, &term, scale, tile, 4u);
      addSum(v, &sums, &term, scale, tile, 5u);
      addSum(v, &sums, &term, scale, tile, 6u);
      addSum(v, &sums, &term, scale, tile, 7u);
    }
  }
}

fn addSum(v: ptr<function, Currents>, sums: ptr<function, Sums>, term: ptr<function, SpikeTerm>, scale: vec4i, tile: u32, u: u32) {
  let shifted = scale << vec4u(u32(rowEntry(term, tile, u).x));
  (*v)[2u * u] += signedSum((*sums)[2u * u], (*sums)[16]) * shifted;
  (*v)[2u * u + 1u] += signedSum((*sums)[2u * u + 1u], (*sums)[17]) * shifted;
}

// Of channel u of a term: how far its sums are shifted, and an identity's weight.
fn rowEntry(term: ptr<function, SpikeTerm>, tile: u32, u: u32) -> vec2i {
#if ${broadcast}
  return subgroupBroadcast(channels[(*term).row + tile * 8u + u].xy, 0u);
#else
  return channels[(*term).row + tile * 8u + u].xy;
#endif
}

// The spikes of four channels, a byte each, in four steps.
fn stepsOf(word: u32, half: u32) -> vec4u {
  return (vec4u(word) >> (STEPS + vec4u(4u * half))) & vec4u(0x01010101u);
}

// How many of a word's 8 channels spike, in four steps.
fn countsOf(word: u32) -> Lanes {
  return Lanes(countOneBits((vec4u(word) >> STEPS) & vec4u(STEP_BITS)));
}

// The first block of 4 source channels that a tile of outputs reads.
fn firstBlock(term: ptr<function, SpikeTerm>, tile: u32) -> u32 {
  return (tile * 8u / (*term).groupOutputs) * (*term).groupInputs / 4u;
}

// The bits of a word whose blocks are among [first, last).
fn usedBits(word: u32, first: u32, last: u32) -> u32 {
  return select(0u, 0x0f0f0f0fu, first <= 2u * word) | select(0u, 0xf0f0f0f0u, last >= 2u * word + 2u);
}

// Kernels 3 wide, stride 1: four words of a row serve the three taps of two pixels.
fn sumRows3(sums: ptr<function, Sums>, term: ptr<function, SpikeTerm>, tile: u32, group: u32, n: u32, x: u32, y: u32, weight: u32) {
  let width = i32((*term).width);
  let step = i32(layer.batch);
  let left = i32(x) - i32((*term).padLeft);
  let first = firstBlock(term, tile);
  let last = first + (*term).blocks;
#if ${halves}
  var opened = Open();
  let open = &opened;
#else
  let open = sums;
#endif
  for (var word = first / 2u; word * 2u < last; word++) {
    let used = usedBits(word, first, last);
    for (var ky = 0u; ky < (*term).kernelHeight; ky++) {
      let iy = i32(y * (*term).strideY + ky * (*term).dilationY) - i32((*term).padTop);
      let inside = iy >= 0 && iy < i32((*term).height);
      let row = i32((*term).source + group * (*term).groupStride + n) + ((i32(word * (*term).height) + iy) * width + left) * step;
      let a0 = spikes[select(0u, u32(row), inside && left >= 0 && left < width)] & used;
      let a1 = spikes[select(0u, u32(row + step), inside && left >= -1 && left < width - 1)] & used;
      let a2 = spikes[select(0u, u32(row + 2 * step), inside && left >= -2 && left < width - 2)] & used;
      let a3 = spikes[select(0u, u32(row + 3 * step), inside && left >= -3 && left < width - 3)] & used;
      for (var block = max(first, 2u * word); block < min(last, 2u * word + 2u); block++) {
        let half = block & 1u;
        let w = weight + ((block - first) * (*term).kernelHeight + ky) * 6u;
        let s0 = stepsOf(a0, half);
        let s1 = stepsOf(a1, half);
        let s2 = stepsOf(a2, half);
        let s3 = stepsOf(a3, half);
        tap(open, s0, s1, weightsAt(w), weightsAt(w + 1u));
        tap(open, s1, s2, weightsAt(w + 2u), weightsAt(w + 3u));
        tap(open, s2, s3, weightsAt(w + 4u), weightsAt(w + 5u));
      }
#if ${packedDot}
      let both = countsOf(a1) + countsOf(a2);
      (*sums)[16] += countsOf(a0) + both;
      (*sums)[17] += both + countsOf(a3);
#endif
    }
  }
  settle(sums, open);
}

// Any kernel, stride, padding and dilation: two words a tap.
fn sumWindow(sums: ptr<function, Sums>, term: ptr<function, SpikeTerm>, tile: u32, group: u32, n: u32, x: u32, y: u32, weight: u32) {
  let width = i32((*term).width);
  let stepX = i32(layer.stepX * (*term).strideX);
  let step = stepX * i32(layer.batch) + i32(layer.stepN);
  let first = firstBlock(term, tile);
  let last = first + (*term).blocks;
#if ${halves}
  var opened = Open();
  let open = &opened;
#else
  let open = sums;
#endif
  for (var word = first / 2u; word * 2u < last; word++) {
    let used = usedBits(word, first, last);
    for (var ky = 0u; ky < (*term).kernelHeight; ky++) {
      let iy = i32(y * (*term).strideY + ky * (*term).dilationY) - i32((*term).padTop);
      let inside = iy >= 0 && iy < i32((*term).height);
      let row = i32((*term).source + group * (*term).groupStride + n) + (i32(word * (*term).height) + iy) * width * i32(layer.batch);
      for (var kx = 0u; kx < (*term).kernelWidth; kx++) {
        let ix = i32(x * (*term).strideX + kx * (*term).dilationX) - i32((*term).padLeft);
        let at = row + ix * i32(layer.batch);
        let near = spikes[select(0u, u32(at), inside && ix >= 0 && ix < width)] & used;
        let far = spikes[select(0u, u32(at + step), inside && ix + stepX >= 0 && ix + stepX < width)] & used;
        for (var block = max(first, 2u * word); block < min(last, 2u * word + 2u); block++) {
          let w = weight + (((block - first) * (*term).kernelHeight + ky) * (*term).kernelWidth + kx) * 2u;
          tap(open, stepsOf(near, block & 1u), stepsOf(far, block & 1u), weightsAt(w), weightsAt(w + 1u));
        }
#if ${packedDot}
        (*sums)[16] += countsOf(near);
        (*sums)[17] += countsOf(far);
#endif
      }
    }
  }
  settle(sums, open);
}

// A shortcut without parameters: the same place and channel, times one integer a channel.
fn addIdentity(v: ptr<function, Currents>, term: ptr<function, SpikeTerm>, scale: vec4i, tile: u32, group: u32, n: u32, x: u32, y: u32) {
  let row = (*term).source + group * (*term).groupStride + n + ((min(tile, (layer.channels - 1u) / 8u) * layer.height + y) * layer.width + x) * layer.batch;
  let near = spikes[row];
  let far = spikes[row + layer.stepX * layer.batch + layer.stepN];
  addIdentityChannel(v, term, scale, near, far, tile, 0u);
  addIdentityChannel(v, term, scale, near, far, tile, 1u);
  addIdentityChannel(v, term, scale, near, far, tile, 2u);
  addIdentityChannel(v, term, scale, near, far, tile, 3u);
  addIdentityChannel(v, term, scale, near, far, tile, 4u);
  addIdentityChannel(v, term, scale, near, far, tile, 5u);
  addIdentityChannel(v, term, scale, near, far, tile, 6u);
  addIdentityChannel(v, term, scale, near, far, tile, 7u);
}

fn addIdentityChannel(v: ptr<function, Currents>, term: ptr<function, SpikeTerm>, scale: vec4i, near: u32, far: u32, tile: u32, u: u32) {
  let entry = rowEntry(term, tile, u);
  let w = (entry.y * scale) << vec4u(u32(entry.x));
  let bits = STEPS + vec4u(spikeBit(u, 0u));
  (*v)[2u * u] += vec4i((vec4u(near) >> bits) & vec4u(1u)) * w;
  (*v)[2u * u + 1u] += vec4i((vec4u(far) >> bits) & vec4u(1u)) * w;
}
