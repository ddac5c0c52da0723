// inject: image → drive, once a batch (specification, section 7): b + Σ (Σ w · q) · 2^s of every neuron that reads the pixels. Pixels are
// words of `encode`, [block of 4 channels][y][x][image]; the zero point is in the bias, padding is a word of it.
// Drive: [channel][y][x][image]. One invocation: 8 output channels of one pixel of one image; it alone writes them.
// Uses lib/steps

@group(0) @binding(0) var<storage, read> words: array<u32>;
@group(0) @binding(1) var<storage, read> weights: array<vec4u>;
@group(0) @binding(2) var<uniform> layer: SpikeLayer;
@group(0) @binding(3) var<uniform> chunk: Chunk;
@group(0) @binding(4) var<storage, read> channels: array<vec4i>;  // bias | shift, identity weight
@group(0) @binding(5) var<storage, read_write> drive: array<i32>;

alias Tile = array<i32, 8>;

@compute @workgroup_size(64)
fn inject(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = (group.z * groups.x + group.x) * 64u + local;
  let share = group.y;  // tile of this dispatch's weights
  let tile = layer.firstTile + share;
  let n = index % layer.batch;
  let x = index / layer.batch % layer.width;
  let y = index / layer.batch / layer.width;
  if (y >= layer.height || n >= chunk.images) { return; }
  var sums = Tile();
  for (var u = 0u; u < 8u; u++) {
    sums[u] = channels[layer.channelBase + tile * 8u + u].x;
  }
  for (var t = 0u; t < layer.terms; t++) {
    var term = layer.term[t];
    if (term.kind == IDENTITY) { addIdentity(&sums, &term, tile, n, x, y); } else { addWindow(&sums, &term, tile, share, n, x, y); }
  }
  for (var u = 0u; u < min(8u, layer.channels - tile * 8u); u++) {
    drive[layer.drive + (tile * 8u + u) * layer.height * layer.width * layer.batch + index] = sums[u];
  }
}

fn addWindow(sums: ptr<function, Tile>, term: ptr<function, SpikeTerm>, tile: u32, share: u32, n: u32, x: u32, y: u32) {
  let first = (tile * 8u / (*term).groupOutputs) * (*term).groupInputs / 4u;
  var w = share * layer.tileWeights + (*term).weights;
  var own = Tile();
  for (var q = first; q < first + (*term).blocks; q++) {
    for (var ky = 0u; ky < (*term).kernelHeight; ky++) {
      for (var kx = 0u; kx < (*term).kernelWidth; kx++) {
        let iy = i32(y * (*term).strideY + ky * (*term).dilationY) - i32((*term).padTop);
        let ix = i32(x * (*term).strideX + kx * (*term).dilationX) - i32((*term).padLeft);
        var word = words[(*term).pad + q * (*term).padStride];
        if (iy >= 0 && iy < i32((*term).height) && ix >= 0 && ix < i32((*term).width)) {
          word = words[(*term).source + ((q * (*term).height + u32(iy)) * (*term).width + u32(ix)) * layer.batch + n];
        }
        for (var u = 0u; u < 8u; u++) {
          own[u] += dotBytes(word, weights[w + u / 4u][u % 4u]);
        }
        w += 2u;
      }
    }
  }
  for (var u = 0u; u < 8u; u++) {
    (*sums)[u] += own[u] << u32(channels[(*term).row + tile * 8u + u].x);
  }
}

fn addIdentity(sums: ptr<function, Tile>, term: ptr<function, SpikeTerm>, tile: u32, n: u32, x: u32, y: u32) {
  for (var u = 0u; u < min(8u, layer.channels - tile * 8u); u++) {
    let o = tile * 8u + u;
    let word = words[(*term).source + ((o / 4u * layer.height + y) * layer.width + x) * layer.batch + n];
    let entry = channels[(*term).row + o];
    (*sums)[u] += (i32((word >> (8u * (o % 4u))) & 0xffu) * entry.y) << u32(entry.x);
  }
}

// Σ of four products: bytes of pixels times bytes of weights, which are stored plus 128.
fn dotBytes(word: u32, weight: u32) -> i32 {
  let a = vec4u(word, word >> 8u, word >> 16u, word >> 24u) & vec4u(0xffu);
  let b = vec4u(weight, weight >> 8u, weight >> 16u, weight >> 24u) & vec4u(0xffu);
  return dot(vec4i(a), vec4i(b) - vec4i(128));
}
