// ann-convolve: one layer of the trained network: clip(Σ terms + bias, 0, ceiling), or the plain sum for the readout.
// In f32, or exact, in integers on a grid (specification, section 4). Activations are cells of four channels,
// [block of 4 channels][y][x][image] of vec4f or vec4i. Weights of a tile of 8 output channels are
// [term][block][ky][kx][channel of the block][8 channels], in f32 or i32.
// Exact sums have 46 bits: 16 and their sign stay in the sum of a row of the kernel (at most TAPS taps of 4 channels, which the host
// has found to fit, `ann/fixed`), and what is above them is carried to a second integer behind each row.
// One invocation: 8 output channels × 4 pixels of a row (or 4 images where rows are short). Terms as in `accumulate`.
// Loads for 8 × 4 × 4 multiply-adds: 4 cells, 8 vec4f of weights. No races: every invocation writes its own cells.
// Uses lib/broadcast, lib/layer

struct AnnLayer {
  channels: u32,
  height: u32,
  width: u32,
  batch: u32,
  lanes: u32,           // invocations along the images: batch, or batch / 4 where a tile is 4 images
  stepX: u32,           // from one pixel of a tile to the next: 1 and 0, or 0 and `lanes`
  stepN: u32,
  tilesX: u32,
  firstTile: u32,       // of the output channels, 8 a tile
  tileWeights: u32,     // vec4f of one tile
  destination: u32,     // first cell in the arena
  channelBase: u32,     // first entry of `channels`
  rectify: u32,         // 1 for ReLU, 0 for the readout
  step: u32,            // bits of an f32: what values are rounded to multiples of, halves to even (rounded)
  terms: u32,
  term: array<Term, MAX_TERMS>,
}

#if ${exact}
alias Four = vec4i;
alias Channel = vec4i;  // bias: above 16 bits, 16 bits; shift to the grid, its largest integer | identity weight
alias Sums = array<vec4i, 16>;  // channel u of the tile, four pixels; and in 8 + u what is above 16 bits
#else
alias Four = vec4f;
alias Channel = vec2f;  // bias, ceiling | identity weight
alias Sums = array<vec4f, 8>;  // channel u of the tile, four pixels
#endif

@group(0) @binding(0) var<storage, read_write> cells: array<Four>;
#if ${uniformWeights}
@group(0) @binding(1) var<uniform> weights: array<Four, 4096>;
#else
@group(0) @binding(1) var<storage, read> weights: array<Four>;
#endif
@group(0) @binding(2) var<uniform> layer: AnnLayer;
@group(0) @binding(3) var<uniform> batch: Batch;
@group(0) @binding(4) var<storage, read> channels: array<Channel>;

#if ${exact}
const TAPS = 16u;
#endif

override workgroupSize = 64u;

@compute @workgroup_size(workgroupSize)
fn annConvolve(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = (group.z * groups.x + group.x) * workgroupSize + local;
  let tile = layer.firstTile + group.y;
  let n = index % layer.lanes;
  let x = index / layer.lanes % layer.tilesX * (layer.stepX * 3u + 1u);
  let y = index / layer.lanes / layer.tilesX;
#if ${broadcast}
  // lane 0 of every subgroup broadcasts weights and must stay: what is out of range is computed and not stored
#else
  if (y >= layer.height || n >= batch.images) { return; }
#endif
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

// Any kernel, stride, padding and dilation: four cells a tap.
fn addWindow(sums: ptr<function, Sums>, term: ptr<function, Term>, tile: u32, n: u32, x: u32, y: u32, weight: u32) {
  let width = i32((*term).width);
  let stepX = i32(layer.stepX * (*term).strideX);
  let step = stepX * i32(layer.batch) + i32(layer.stepN);
  let offsets = vec4i(0, 1, 2, 3);
  let first = firstBlock(term, tile);
  var w = weight;
  for (var q = first; q < first + (*term).blocks; q++) {
    for (var ky = 0u; ky < (*term).kernelHeight; ky++) {
      let iy = i32(y * (*term).strideY + ky * (*term).dilationY) - i32((*term).padTop);
      let inside = iy >= 0 && iy < i32((*term).height);
      let row = i32((*term).source + n) + (i32(q * (*term).height) + iy) * width * i32(layer.batch);
      for (var kx = 0u; kx < (*term).kernelWidth; kx++) {
        let ix = i32(x * (*term).strideX + kx * (*term).dilationX) - i32((*term).padLeft);
        let columns = vec4i(ix) + offsets * stepX;
        let valid = vec4<bool>(inside) & (columns >= vec4i(0)) & (columns < vec4i(width));
        let at = select(vec4u(0u), vec4u(vec4i(row + ix * i32(layer.batch)) + offsets * step), valid);  // cell 0 is padding
        tapCells(sums, cells[at.x], cells[at.y], cells[at.z], cells[at.w], w);
        w += 8u;
#if ${exact}
        if (kx % TAPS == TAPS - 1u) { carry(sums); }
#endif
      }
#if ${exact}
      carry(sums);
#endif
    }
  }
}

// A column of the source. Worked out before the loops over rows: software drivers take nothing out of them by themselves.
struct Column {
  offset: u32,  // in cells, of the nearest column that there is
  inside: bool,
}

fn columnOf(term: ptr<function, Term>, x: i32) -> Column {
  let nearest = clamp(x, 0, i32((*term).width) - 1);
  return Column(u32(nearest) * layer.batch, x == nearest);
}

// Kernels 3 wide, stride 1: the six cells of a row serve the three taps of four pixels.
fn addRows3(sums: ptr<function, Sums>, term: ptr<function, Term>, tile: u32, n: u32, x: u32, y: u32, weight: u32) {
  let left = i32(x) - i32((*term).padLeft);
  let c0 = columnOf(term, left);
  let c1 = columnOf(term, left + 1);
  let c2 = columnOf(term, left + 2);
  let c3 = columnOf(term, left + 3);
  let c4 = columnOf(term, left + 4);
  let c5 = columnOf(term, left + 5);
  let first = firstBlock(term, tile);
  var w = weight;
  for (var q = first; q < first + (*term).blocks; q++) {
    for (var ky = 0u; ky < (*term).kernelHeight; ky++) {
      let iy = i32(y * (*term).strideY + ky * (*term).dilationY) - i32((*term).padTop);
      let nearest = clamp(iy, 0, i32((*term).height) - 1);
      let row = (*term).source + n + (q * (*term).height + u32(nearest)) * (*term).width * layer.batch;
      let a0 = cellOf(row, c0, iy == nearest);
      let a1 = cellOf(row, c1, iy == nearest);
      let a2 = cellOf(row, c2, iy == nearest);
      let a3 = cellOf(row, c3, iy == nearest);
      let a4 = cellOf(row, c4, iy == nearest);
      let a5 = cellOf(row, c5, iy == nearest);
      tapCells(sums, a0, a1, a2, a3, w);
      tapCells(sums, a1, a2, a3, a4, w + 8u);
      tapCells(sums, a2, a3, a4, a5, w + 16u);
      w += 24u;
#if ${exact}
      carry(sums);
#endif
    }
  }
}

fn cellOf(row: u32, column: Column, inside: bool) -> Four {
  return select(Four(), cells[row + column.offset], inside && column.inside);
}

// Four channels of four pixels.
fn tapCells(sums: ptr<function, Sums>, a: Four, b: Four, c: Four, d: Four, w: u32) {
  tap(sums, Four(a.x, b.x, c.x, d.x), w);
  tap(sums, Four(a.y, b.y, c.y, d.y), w + 2u);
  tap(sums, Four(a.z, b.z, c.z, d.z), w + 4u);
  tap(sums, Four(a.w, b.w, c.w, d.w), w + 6u);
}

fn weightsAt(w: u32) -> Four {
#if ${broadcast}
  return subgroupBroadcast(weights[w], 0u);
#else
  return weights[w];
#endif
}

// One channel of four pixels times the weights of eight output channels.
fn tap(sums: ptr<function, Sums>, a: Four, w: u32) {
  let w0 = weightsAt(w);
  let w4 = weightsAt(w + 1u);
  (*sums)[0] += a * w0.x;
  (*sums)[1] += a * w0.y;
  (*sums)[2] += a * w0.z;
  (*sums)[3] += a * w0.w;
  (*sums)[4] += a * w4.x;
  (*sums)[5] += a * w4.y;
  (*sums)[6] += a * w4.z;
  (*sums)[7] += a * w4.w;
}

fn addIdentity(sums: ptr<function, Sums>, term: ptr<function, Term>, tile: u32, n: u32, x: u32, y: u32) {
  let step = layer.stepX * layer.batch + layer.stepN;
  for (var half = 0u; half < 2u; half++) {
    let block = min(tile * 2u + half, (layer.channels + 3u) / 4u - 1u);
    let at = (*term).source + ((block * layer.height + y) * layer.width + x) * layer.batch + n;
    let cell = array(cells[at], cells[at + step], cells[at + 2u * step], cells[at + 3u * step]);
    for (var c = 0u; c < 4u; c++) {
      let w = channels[(*term).weights + tile * 8u + half * 4u + c].x;
      (*sums)[half * 4u + c] += Four(cell[0][c], cell[1][c], cell[2][c], cell[3][c]) * w;
    }
  }
#if ${exact}
  carry(sums);
#endif
}

#if ${exact}
// Leaves 16 bits in the sums.
fn carry(sums: ptr<function, Sums>) {
  carryOf(sums, 0u);
  carryOf(sums, 1u);
  carryOf(sums, 2u);
  carryOf(sums, 3u);
  carryOf(sums, 4u);
  carryOf(sums, 5u);
  carryOf(sums, 6u);
  carryOf(sums, 7u);
}

fn carryOf(sums: ptr<function, Sums>, u: u32) {
  (*sums)[u + 8u] += (*sums)[u] >> vec4u(16u);
  (*sums)[u] &= vec4i(0xffff);
}

// On the layer's grid: halves up, and cut at both ends. The bias has the half that is added for rounding.
fn activation(sums: ptr<function, Sums>, u: u32, channel: Channel) -> Four {
  let low = (*sums)[u] + vec4i(channel.y);
  let high = (*sums)[u + 8u] + vec4i(channel.x) + (low >> vec4u(16u));
  let shift = u32(channel.z);
  var value = high >> vec4u(max(shift, 16u) - 16u);
  if (shift < 16u) {
    let up = 16u - shift;
    // what is above the largest integer is cut before it could overflow
    value = (min(high, vec4i((channel.w >> up) + 1)) << vec4u(up)) | ((low & vec4i(0xffff)) >> vec4u(shift));
  }
  value = min(value, vec4i(channel.w));
  return select(value, max(value, vec4i(0)), layer.rectify == 1u);
}
#else
fn activation(sums: ptr<function, Sums>, u: u32, channel: Channel) -> Four {
  var value = (*sums)[u] + vec4f(channel.x);
  if (layer.rectify == 1u) { value = clamp(value, vec4f(0.0), vec4f(channel.y)); }
#if ${rounded}
  let step = bitcast<f32>(layer.step);
  value = round(value / step) * step;
#endif
  return value;
}
#endif

// Bias, activation, and the cells of the four pixels. Channels beyond the last are written as 0.
fn finish(sums: ptr<function, Sums>, tile: u32, n: u32, x: u32, y: u32) {
  let next = layer.stepX * layer.batch + layer.stepN;
  for (var half = 0u; half < 2u; half++) {
    let block = tile * 2u + half;
    if (block * 4u >= layer.channels) { return; }
    var cell = array<Four, 4>();
    for (var c = 0u; c < 4u; c++) {
      let o = block * 4u + c;
      let value = activation(sums, half * 4u + c, channels[layer.channelBase + o]);
      for (var i = 0u; i < 4u; i++) { cell[i][c] = select(0, value[i], o < layer.channels); }
    }
    let at = layer.destination + ((block * layer.height + y) * layer.width + x) * layer.batch + n;
    for (var i = 0u; i < 4u; i++) {
      if (y < layer.height && x + i * layer.stepX < layer.width && n + i * layer.stepN < batch.images) { cells[at + i * next] = cell[i]; }
    }
  }
}
