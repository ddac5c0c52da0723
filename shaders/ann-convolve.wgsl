// ann-convolve: one layer of the trained network in f32: clip(Σ terms + bias, 0, ceiling), or the plain sum for the readout.
// Activations are cells of four channels, [block of 4 channels][y][x][image] of vec4f. Weights of a tile of 8 output
// channels are [term][block][ky][kx][channel of the block][8 channels], in f32.
// One invocation: 8 output channels × 8 pixels of a row (or 8 images where rows are short). Terms as in `accumulate`.
// Loads for 8 × 8 × 12 multiply-adds of a 3-wide row: 10 cells, 24 vec4f of weights. No races: every invocation writes its own cells.

struct AnnLayer {
  channels: u32,
  height: u32,
  width: u32,
  batch: u32,
  lanes: u32,           // invocations along the images: batch, or batch / 8 where a tile is 8 images
  stepX: u32,           // from one pixel of a tile to the next: 1 and 0, or 0 and `lanes`
  stepN: u32,
  tilesX: u32,
  firstTile: u32,       // of the output channels, 8 a tile
  tileWeights: u32,     // vec4f of one tile
  destination: u32,     // first cell in the arena
  channelBase: u32,     // first entry of `channels`
  rectify: u32,         // 1 for ReLU, 0 for the readout
  terms: u32,
  term: array<Term, MAX_TERMS>,
}

@group(0) @binding(0) var<storage, read_write> cells: array<vec4f>;
#if ${uniformWeights}
@group(0) @binding(1) var<uniform> weights: array<vec4f, 4096>;
#else
@group(0) @binding(1) var<storage, read> weights: array<vec4f>;
#endif
@group(0) @binding(2) var<uniform> layer: AnnLayer;
@group(0) @binding(3) var<uniform> batch: Batch;
@group(0) @binding(4) var<storage, read> channels: array<vec2f>;  // bias, ceiling | identity weight

// Channel u of a tile: [2u] holds pixels 0 to 3, [2u + 1] pixels 4 to 7.
alias Sums = array<vec4f, 16>;

@compute @workgroup_size(64)
fn annConvolve(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = (group.z * groups.x + group.x) * 64u + local;
  let tile = layer.firstTile + group.y;
  let n = index % layer.lanes;
  let x = index / layer.lanes % layer.tilesX * (layer.stepX * 7u + 1u);
  let y = index / layer.lanes / layer.tilesX;
  if (y >= layer.height || n >= batch.images) { return; }
  var sums = Sums();
  for (var t = 0u; t < layer.terms; t++) {
    var term = layer.term[t];
    if (term.kind == IDENTITY) {
      addIdentity(&sums, &term, tile, n, x, y);
    } else {
      let weight = group.y * layer.tileWeights + term.weights;
      if (term.kernelWidth == 3u && term.strideX == 1u && term.dilationX == 1u && layer.stepX == 1u) {
        addRows3(&sums, &term, tile, n, x, y, weight);
      } else {
        addWindow(&sums, &term, tile, n, x, y, weight);
      }
    }
  }
  finish(&sums, tile, n, x, y);
}

// Any kernel, stride, padding and dilation: eight cells a tap.
fn addWindow(sums: ptr<function, Sums>, term: ptr<function, Term>, tile: u32, n: u32, x: u32, y: u32, weight: u32) {
  let width = i32((*term).width);
  let stepX = i32(layer.stepX * (*term).strideX);
  let step = stepX * i32(layer.batch) + i32(layer.stepN);
  let first = firstBlock(term, tile);
  var w = weight;
  for (var q = first; q < first + (*term).blocks; q++) {
    for (var ky = 0u; ky < (*term).kernelHeight; ky++) {
      let iy = i32(y * (*term).strideY + ky * (*term).dilationY) - i32((*term).padTop);
      let inside = iy >= 0 && iy < i32((*term).height);
      let row = i32((*term).source + n) + (i32(q * (*term).height) + iy) * width * i32(layer.batch);
      for (var kx = 0u; kx < (*term).kernelWidth; kx++) {
        let ix = i32(x * (*term).strideX + kx * (*term).dilationX) - i32((*term).padLeft);
        let at = row + ix * i32(layer.batch);
        let i0 = vec4i(ix) + vec4i(0, 1, 2, 3) * stepX;
        let i4 = vec4i(ix) + vec4i(4, 5, 6, 7) * stepX;
        // cell 0 is padding
        let valid0 = vec4<bool>(inside) & (i0 >= vec4i(0)) & (i0 < vec4i(width));
        let valid4 = vec4<bool>(inside) & (i4 >= vec4i(0)) & (i4 < vec4i(width));
        let near = select(vec4u(0u), vec4u(vec4i(at) + vec4i(0, 1, 2, 3) * step), valid0);
        let far = select(vec4u(0u), vec4u(vec4i(at) + vec4i(4, 5, 6, 7) * step), valid4);
        tapCells(
          sums,
          mat4x4f(cells[near.x], cells[near.y], cells[near.z], cells[near.w]),
          mat4x4f(cells[far.x], cells[far.y], cells[far.z], cells[far.w]),
          w,
        );
        w += 8u;
      }
    }
  }
}

// Kernels 3 wide, stride 1: the ten cells of a row serve the three taps of eight pixels.
fn addRows3(sums: ptr<function, Sums>, term: ptr<function, Term>, tile: u32, n: u32, x: u32, y: u32, weight: u32) {
  let width = i32((*term).width);
  let step = i32(layer.batch);
  let left = i32(x) - i32((*term).padLeft);
  let first = firstBlock(term, tile);
  var w = weight;
  for (var q = first; q < first + (*term).blocks; q++) {
    for (var ky = 0u; ky < (*term).kernelHeight; ky++) {
      let iy = i32(y * (*term).strideY + ky * (*term).dilationY) - i32((*term).padTop);
      let inside = iy >= 0 && iy < i32((*term).height);
      let row = i32((*term).source + n) + ((i32(q * (*term).height) + iy) * width + left) * step;
      let a0 = cells[select(0u, u32(row), inside && left >= 0 && left < width)];
      let a1 = cells[select(0u, u32(row + step), inside && left >= -1 && left < width - 1)];
      let a2 = cells[select(0u, u32(row + 2 * step), inside && left >= -2 && left < width - 2)];
      let a3 = cells[select(0u, u32(row + 3 * step), inside && left >= -3 && left < width - 3)];
      let a4 = cells[select(0u, u32(row + 4 * step), inside && left >= -4 && left < width - 4)];
      let a5 = cells[select(0u, u32(row + 5 * step), inside && left >= -5 && left < width - 5)];
      let a6 = cells[select(0u, u32(row + 6 * step), inside && left >= -6 && left < width - 6)];
      let a7 = cells[select(0u, u32(row + 7 * step), inside && left >= -7 && left < width - 7)];
      let a8 = cells[select(0u, u32(row + 8 * step), inside && left >= -8 && left < width - 8)];
      let a9 = cells[select(0u, u32(row + 9 * step), inside && left >= -9 && left < width - 9)];
      tapCells(sums, mat4x4f(a0, a1, a2, a3), mat4x4f(a4, a5, a6, a7), w);
      tapCells(sums, mat4x4f(a1, a2, a3, a4), mat4x4f(a5, a6, a7, a8), w + 8u);
      tapCells(sums, mat4x4f(a2, a3, a4, a5), mat4x4f(a6, a7, a8, a9), w + 16u);
      w += 24u;
    }
  }
}

// Four channels of eight pixels.
fn tapCells(sums: ptr<function, Sums>, near: mat4x4f, far: mat4x4f, w: u32) {
  let a = transpose(near);
  let b = transpose(far);
  tap(sums, a[0], b[0], w);
  tap(sums, a[1], b[1], w + 2u);
  tap(sums, a[2], b[2], w + 4u);
  tap(sums, a[3], b[3], w + 6u);
}

// One channel of eight pixels times the weights of eight output channels.
fn tap(sums: ptr<function, Sums>, a: vec4f, b: vec4f, w: u32) {
  let w0 = weights[w];
  let w4 = weights[w + 1u];
  (*sums)[0] += a * w0.x;
  (*sums)[1] += b * w0.x;
  (*sums)[2] += a * w0.y;
  (*sums)[3] += b * w0.y;
  (*sums)[4] += a * w0.z;
  (*sums)[5] += b * w0.z;
  (*sums)[6] += a * w0.w;
  (*sums)[7] += b * w0.w;
  (*sums)[8] += a * w4.x;
  (*sums)[9] += b * w4.x;
  (*sums)[10] += a * w4.y;
  (*sums)[11] += b * w4.y;
  (*sums)[12] += a * w4.z;
  (*sums)[13] += b * w4.z;
  (*sums)[14] += a * w4.w;
  (*sums)[15] += b * w4.w;
}

// A shortcut without parameters: the same place and channel, times one number a channel.
fn addIdentity(sums: ptr<function, Sums>, term: ptr<function, Term>, tile: u32, n: u32, x: u32, y: u32) {
  let step = layer.stepX * layer.batch + layer.stepN;
  for (var half = 0u; half < 2u; half++) {
    let block = min(tile * 2u + half, (layer.channels + 3u) / 4u - 1u);
    let at = (*term).source + ((block * layer.height + y) * layer.width + x) * layer.batch + n;
    let near = transpose(mat4x4f(cells[at], cells[at + step], cells[at + 2u * step], cells[at + 3u * step]));
    let far = transpose(mat4x4f(cells[at + 4u * step], cells[at + 5u * step], cells[at + 6u * step], cells[at + 7u * step]));
    for (var c = 0u; c < 4u; c++) {
      let u = half * 4u + c;
      let w = channels[(*term).weights + tile * 8u + u].x;
      (*sums)[2u * u] += near[c] * w;
      (*sums)[2u * u + 1u] += far[c] * w;
    }
  }
}

// Bias, activation, and the cells of the eight pixels. Channels beyond the last are written as 0.
fn finish(sums: ptr<function, Sums>, tile: u32, n: u32, x: u32, y: u32) {
  let step = layer.stepX * layer.batch + layer.stepN;
  for (var half = 0u; half < 2u; half++) {
    let block = tile * 2u + half;
    if (block * 4u >= layer.channels) { return; }
    var near = mat4x4f();
    var far = mat4x4f();
    for (var c = 0u; c < 4u; c++) {
      let u = half * 4u + c;
      near[c] = activate((*sums)[2u * u], block * 4u + c);
      far[c] = activate((*sums)[2u * u + 1u], block * 4u + c);
    }
    let pixels = array<mat4x4f, 2>(transpose(near), transpose(far));
    let at = layer.destination + ((block * layer.height + y) * layer.width + x) * layer.batch + n;
    for (var i = 0u; i < 8u; i++) {
      if (x + i * layer.stepX < layer.width && n + i * layer.stepN < batch.images) { cells[at + i * step] = pixels[i >> 2u][i & 3u]; }
    }
  }
}

fn activate(sum: vec4f, o: u32) -> vec4f {
  let channel = channels[layer.channelBase + o];
  let value = sum + vec4f(channel.x);
  let rectified = select(value, clamp(value, vec4f(0.0), vec4f(channel.y)), layer.rectify == 1u);
  return select(vec4f(0.0), rectified, o < layer.channels);
}
