// depthwise: a layer of bistable neurons each of which reads one channel of a source, its own (specification, section 2, the windowed
// rule): depthwise convolutions, and identities as such of one tap. For all images and waves.
//
//     V    = clamp(V + b + Σ_t Σ_taps (w · 2^s) · word, ±(2^30 − 1))        then word and V as in `accumulate`
//
// One invocation: a block of 4 channels × 8 pixels of a row, all waves; a pixel's membranes are a vec4i in registers. What comes to them
// is added to them at once: it may wrap round on the way and is below 2^30 at the end.
// Words are [wave][block of 4 channels][y][x][image]: neighbouring invocations are neighbouring images.
// Weights of a block are [term][ky][kx], its 4 channels a vec4i, shifted to the membrane's grid by the host.
// Loads for 8 × 4 × 3 multiply-adds of a row of 3 taps: 10 words and 3 vec4i of weights; 17 words with stride 2.
// No races: an invocation writes the words of its own channels, pixels and images, into a region that no source shares.
// Uses lib/broadcast, lib/layer

@group(0) @binding(0) var<storage, read_write> words: array<u32>;
#if ${uniformWeights}
@group(0) @binding(1) var<uniform> weights: array<vec4i, 4096>;
#else
@group(0) @binding(1) var<storage, read> weights: array<vec4i>;
#endif
@group(0) @binding(2) var<uniform> layer: Layer;
@group(0) @binding(3) var<uniform> batch: Batch;
@group(0) @binding(4) var<storage, read> channels: array<vec4i>;          // bias, g, V(0)
@group(0) @binding(5) var<storage, read_write> counters: array<atomic<u32>>;
#if ${keepMembranes}
@group(0) @binding(6) var<storage, read_write> membranes: array<i32>;     // [channel][y][x][image]
#endif

override workgroupSize = 64u;
const PIXELS = 8u;
const LIMIT = 1073741823;  // 2^30 − 1

alias Membranes = array<vec4i, 8>;

struct Place {
  block: u32,
  x: u32,
  y: u32,
  n: u32,       // image
  there: bool,  // the row is on the map, the image in the batch
}

// The neurons of a block.
struct Cells {
  bias: vec4i,
  grid: vec4u,
  start: vec4i,
}

@compute @workgroup_size(workgroupSize)
fn depthwise(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = (group.z * groups.x + group.x) * workgroupSize + local;
  let n = index % layer.lanes;
  let y = index / layer.lanes / layer.tilesX;
  let there = y < layer.height && n < batch.images;
#if ${broadcast}
  // lane 0 of every subgroup broadcasts weights and must stay: what is out of range is computed and not stored
#else
  if (!there) { return; }
#endif
  let place = Place(layer.firstTile + group.y, index / layer.lanes % layer.tilesX * PIXELS, y, n, there);
  let cells = cellsOf(place.block);
  let start = cells.start;
  var v = Membranes(start, start, start, start, start, start, start, start);
  var spikes = 0u;
  for (var wave = 0u; wave < layer.waves; wave++) {
    for (var t = 0u; t < layer.terms; t++) {
      var term = layer.term[t];
      let weight = group.y * layer.tileWeights + term.weights;
#if ${rows}
      if (term.kind == ROWS) { addRows(&v, &term, place, wave, weight); }
#endif
#if ${strided}
      if (term.kind == STRIDED) { addStrided(&v, &term, place, wave, weight); }
#endif
#if ${window}
      if (term.kind == CONVOLUTION) { addWindow(&v, &term, place, wave, weight); }
#endif
    }
    spikes += fireAll(&v, cells, place, wave);
  }
  atomicAdd(&counters[layer.counter], spikes);
#if ${keepMembranes}
  for (var i = 0u; i < PIXELS; i++) { keepMembranes(v[i], place, i); }
#endif
}

fn cellsOf(block: u32) -> Cells {
  let at = layer.channelBase + block * 4u;
  let a = channels[at];
  let b = channels[at + 1u];
  let c = channels[at + 2u];
  let d = channels[at + 3u];
  return Cells(vec4i(a.x, b.x, c.x, d.x), vec4u(vec4i(a.y, b.y, c.y, d.y)), vec4i(a.z, b.z, c.z, d.z));
}

// The weights of a tap, shifted for a plane of the source's bytes.
fn weightsAt(w: u32, shift: u32) -> vec4i {
#if ${broadcast}
  return subgroupBroadcast(weights[w], 0u) << vec4u(shift);
#else
  return weights[w] << vec4u(shift);
#endif
}

fn bytesOf(word: u32) -> vec4i {
  return vec4i((vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(0xffu));
}

// A row of a block of the source; the nearest one where there is none, and then no column is inside.
struct Row {
  first: u32,   // its first word
  width: i32,   // 0 where there is none
  pad: u32,     // what stands for what is not there
}

fn rowOf(term: ptr<function, Term>, place: Place, wave: u32, ky: u32, pad: u32) -> Row {
  let y = i32(place.y * (*term).strideY + ky * (*term).dilationY) - i32((*term).padTop);
  let height = i32((*term).height);
  let nearest = place.block * (*term).height + u32(clamp(y, 0, height - 1));
  let first = (*term).source + wave * (*term).waveStride + nearest * (*term).width * layer.batch + place.n;
  return Row(first, select(0, i32((*term).width), y >= 0 && y < height), pad);
}

fn padOf(term: ptr<function, Term>, block: u32) -> u32 {
  return words[(*term).pad + block * (*term).padStride];
}

// A column of the source. Worked out before the loop over rows: software drivers take nothing out of it by themselves.
struct Column {
  offset: u32,   // in words, of the nearest column that there is
  inside: bool,
}

fn columnOf(term: ptr<function, Term>, x: i32) -> Column {
  let nearest = clamp(x, 0, i32((*term).width) - 1);
  return Column(u32(nearest) * layer.batch, x == nearest);
}

fn wordOf(row: Row, column: Column) -> u32 {
  return select(row.pad, words[row.first + column.offset], row.width > 0 && column.inside);
}

#if ${rows}
// Kernels 3 wide, stride 1: the ten words of a row serve the three taps of eight pixels.
fn addRows(v: ptr<function, Membranes>, term: ptr<function, Term>, place: Place, wave: u32, weight: u32) {
  let left = i32(place.x) - i32((*term).padLeft);
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
  let pad = padOf(term, place.block);
  var w = weight;
  for (var ky = 0u; ky < (*term).kernelHeight; ky++) {
    let row = rowOf(term, place, wave, ky, pad);
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
    let w0 = weightsAt(w, (*term).shift);
    let w1 = weightsAt(w + 1u, (*term).shift);
    let w2 = weightsAt(w + 2u, (*term).shift);
    let b0 = bytesOf(a0);
    let b1 = bytesOf(a1);
    let b2 = bytesOf(a2);
    let b3 = bytesOf(a3);
    let b4 = bytesOf(a4);
    let b5 = bytesOf(a5);
    let b6 = bytesOf(a6);
    let b7 = bytesOf(a7);
    let b8 = bytesOf(a8);
    let b9 = bytesOf(a9);
    (*v)[0] += b0 * w0 + b1 * w1 + b2 * w2;
    (*v)[1] += b1 * w0 + b2 * w1 + b3 * w2;
    (*v)[2] += b2 * w0 + b3 * w1 + b4 * w2;
    (*v)[3] += b3 * w0 + b4 * w1 + b5 * w2;
    (*v)[4] += b4 * w0 + b5 * w1 + b6 * w2;
    (*v)[5] += b5 * w0 + b6 * w1 + b7 * w2;
    (*v)[6] += b6 * w0 + b7 * w1 + b8 * w2;
    (*v)[7] += b7 * w0 + b8 * w1 + b9 * w2;
    w += 3u;
  }
}
#endif

#if ${window}
// Any kernel, stride, padding and dilation: eight words a tap.
fn addWindow(v: ptr<function, Membranes>, term: ptr<function, Term>, place: Place, wave: u32, weight: u32) {
  let pad = padOf(term, place.block);
  let step = i32((*term).strideX);
  var w = weight;
  for (var ky = 0u; ky < (*term).kernelHeight; ky++) {
    let row = rowOf(term, place, wave, ky, pad);
    for (var kx = 0u; kx < (*term).kernelWidth; kx++) {
      let x = i32(place.x * (*term).strideX + kx * (*term).dilationX) - i32((*term).padLeft);
      let tap = weightsAt(w, (*term).shift);
      (*v)[0] += bytesOf(wordOf(row, columnOf(term, x))) * tap;
      (*v)[1] += bytesOf(wordOf(row, columnOf(term, x + step))) * tap;
      (*v)[2] += bytesOf(wordOf(row, columnOf(term, x + 2 * step))) * tap;
      (*v)[3] += bytesOf(wordOf(row, columnOf(term, x + 3 * step))) * tap;
      (*v)[4] += bytesOf(wordOf(row, columnOf(term, x + 4 * step))) * tap;
      (*v)[5] += bytesOf(wordOf(row, columnOf(term, x + 5 * step))) * tap;
      (*v)[6] += bytesOf(wordOf(row, columnOf(term, x + 6 * step))) * tap;
      (*v)[7] += bytesOf(wordOf(row, columnOf(term, x + 7 * step))) * tap;
      w++;
    }
  }
}
#endif

// The window's end and the firing window: bias, clamp, word. Writes the words and returns how many spikes they are.
fn fireAll(v: ptr<function, Membranes>, cells: Cells, place: Place, wave: u32) -> u32 {
  let a0 = fire(v, cells, 0u);
  let a1 = fire(v, cells, 1u);
  let a2 = fire(v, cells, 2u);
  let a3 = fire(v, cells, 3u);
  let a4 = fire(v, cells, 4u);
  let a5 = fire(v, cells, 5u);
  let a6 = fire(v, cells, 6u);
  let a7 = fire(v, cells, 7u);
  let at = layer.destination + wave * layer.waveStride + ((place.block * layer.height + place.y) * layer.width + place.x) * layer.batch + place.n;
  return store(a0, at, place, 0u) + store(a1, at, place, 1u) + store(a2, at, place, 2u) + store(a3, at, place, 3u)
    + store(a4, at, place, 4u) + store(a5, at, place, 5u) + store(a6, at, place, 6u) + store(a7, at, place, 7u);
}

// The four neurons of pixel i: their word.
fn fire(v: ptr<function, Membranes>, cells: Cells, i: u32) -> u32 {
  let before = clamp((*v)[i] + cells.bias, vec4i(-LIMIT), vec4i(LIMIT));
  let values = clamp(before >> cells.grid, vec4i(0), vec4i(i32(layer.maxWord)));
  (*v)[i] = before - (values << cells.grid);
  let bytes = vec4u(values) << vec4u(0u, 8u, 16u, 24u);
  return bytes.x | bytes.y | bytes.z | bytes.w;
}

fn store(word: u32, at: u32, place: Place, i: u32) -> u32 {
  let there = place.there && place.x + i < layer.width;
  if (there) { words[at + i * layer.batch] = word; }
  return select(0u, countOneBits(word), there);
}

#if ${keepMembranes}
fn keepMembranes(v: vec4i, place: Place, i: u32) {
  for (var c = 0u; c < 4u; c++) {
    let channel = place.block * 4u + c;
    if (channel < layer.channels && place.there && place.x + i < layer.width) {
      membranes[layer.membranes + ((channel * layer.height + place.y) * layer.width + place.x + i) * layer.batch + place.n] = v[c];
    }
  }
}
#endif
