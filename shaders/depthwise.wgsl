// depthwise: a layer of bistable neurons that read one channel of every source, their own (specification, section 2, the windowed rule):
// depthwise convolutions; an identity is one of a single tap. For all images and waves.
//
//     V    = clamp(V + b + Σ_t Σ_taps (w · 2^s_t) · word, ±(2^30 − 1))        then word and V as in `accumulate`
//
// One invocation: a block of 4 channels × 4 pixels of a row × 4 images, all waves. Where the batch is no multiple of 4 (not `wide`), it has
// 16 pixels of one image instead: of pixel i, i + 4, i + 8 and i + 12. Such four lie in the lanes of one vector, so that a channel's weight
// multiplies them all; membranes stay in registers. What comes to them is added at once: it may wrap round on the way, and is below
// 2^30 at the end.
// Software drivers (`halves`, kernels 3 wide alone): two rows of pixels, so that a source's row is read once for both, and an integer holds
// the sums of two of the four, 16 bits each, so that one multiplication serves both. They are taken out once a wave; the host checks with the
// weights that no sum can leave its 16 bits by then (`kernels/exact`).
// Words are [wave][block of 4 channels][y][x][image]: neighbouring invocations are neighbouring images.
// Weights of a block are [term][ky][kx], its 4 channels a vec4i, on the membrane's grid.
// Loads for 16 × 4 × 3 multiply-adds of a row of 3 taps: 6 times 4 words (9 with stride 2) and 3 vec4i of weights.
// No races: an invocation writes the words of its own channels, pixels and images, into a region that no source shares.
// Uses lib/broadcast, lib/layer, lib/depthwise-neurons

#if ${wide}
alias Cell = vec4u;
#else
alias Cell = u32;
#endif

@group(0) @binding(0) var<storage, read_write> words: array<Cell>;
#if ${uniformWeights}
@group(0) @binding(1) var<uniform> weights: array<vec4i, 4096>;
#else
@group(0) @binding(1) var<storage, read> weights: array<vec4i>;
#endif
@group(0) @binding(2) var<uniform> layer: Layer;
@group(0) @binding(3) var<uniform> batch: Batch;
#if ${uniformTable}
@group(0) @binding(4) var<uniform> channels: array<vec4i, 4096>;          // bias, g, V(0)
#else
@group(0) @binding(4) var<storage, read> channels: array<vec4i>;
#endif
@group(0) @binding(5) var<storage, read_write> counters: array<atomic<u32>>;
#if ${keepMembranes}
@group(0) @binding(6) var<storage, read_write> membranes: array<i32>;     // [channel][y][x][image]
#endif

override workgroupSize = 64u;
const PIXELS = 4u;
const LIMIT = 1073741823;  // 2^30 − 1
const FOUR = vec4u(0u, 1u, 2u, 3u);

// [4 i + c]: channel c of pixel i, of the four; pixels from the fourth on lie in the row below.
#if ${halves}
const PIXEL_ROWS = 2u;
alias Membranes = array<vec4i, 32>;
// What a wave brings to them: the first plus 2^16 times the second, the third plus 2^16 times the fourth.
alias Sums = array<vec2i, 32>;
alias Bytes = array<vec2i, 4>;
#else
const PIXEL_ROWS = 1u;
alias Membranes = array<vec4i, 16>;
alias Sums = Membranes;
// The bytes of four words, channel by channel.
alias Bytes = array<vec4i, 4>;
#endif

struct Place {
  block: u32,
  x: u32,        // of pixel 0
  y: u32,        // of the upper row
  n: u32,        // first image
  inside: bool,  // the row is on the map, the image in the batch
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
  let y = index / layer.lanes / layer.tilesX * PIXEL_ROWS;
#if ${wide}
  let n = index % layer.lanes * 4u;
  let x = index / layer.lanes % layer.tilesX * PIXELS;
#else
  let n = index % layer.lanes;
  let x = index / layer.lanes % layer.tilesX * (4u * PIXELS);
#endif
  let place = Place(layer.firstTile + group.y, x, y, n, y < layer.height && n < batch.images);
#if ${broadcast}
  // lane 0 of every subgroup broadcasts weights and must stay: what is out of range is computed and not stored
#else
  if (!place.inside) { return; }
#endif
  let cells = cellsOf(place.block);
  var v = startOf(cells.start);
  var spikes = 0u;
  for (var wave = 0u; wave < layer.waves; wave++) {
#if ${halves}
    var opened = Sums();
    let sums = &opened;
#else
    let sums = &v;
#endif
    for (var t = 0u; t < layer.terms; t++) {
      var term = layer.term[t];
      let weight = group.y * layer.tileWeights + term.weights;
#if ${rows}
      if (term.kind == ROWS) { addRows(sums, &term, place, wave, weight); }
#endif
#if ${strided}
      if (term.kind == STRIDED) { addStrided(sums, &term, place, wave, weight); }
#endif
#if ${window}
      if (term.kind == CONVOLUTION) { addWindow(sums, &term, place, wave, weight); }
#endif
    }
#if ${halves}
    settle(&v, sums);
    spikes += fire(&v, PIXELS, cells, placeOf(place, 1u), wave);
#endif
    spikes += fire(&v, 0u, cells, place, wave);
  }
  atomicAdd(&counters[layer.counter], spikes);
#if ${keepMembranes}
  for (var i = 0u; i < 4u * PIXELS * PIXEL_ROWS; i++) { keepMembranes(v[i], placeOf(place, i / 16u), i / 4u % PIXELS, i % 4u); }
#endif
}

// Of a row of the invocation's pixels.
fn placeOf(place: Place, row: u32) -> Place {
  let y = place.y + row;
  return Place(place.block, place.x, y, place.n, place.inside && y < layer.height);
}

fn cellsOf(block: u32) -> Cells {
  let at = layer.channelBase + block * 4u;
  let a = channelAt(at);
  let b = channelAt(at + 1u);
  let c = channelAt(at + 2u);
  let d = channelAt(at + 3u);
  return Cells(vec4i(a.x, b.x, c.x, d.x), vec4u(vec4i(a.y, b.y, c.y, d.y)), vec4i(a.z, b.z, c.z, d.z));
}

fn channelAt(at: u32) -> vec4i {
#if ${broadcast}
  return subgroupBroadcast(channels[at], 0u);
#else
  return channels[at];
#endif
}

fn startOf(start: vec4i) -> Membranes {
  let a = vec4i(start.x);
  let b = vec4i(start.y);
  let c = vec4i(start.z);
  let d = vec4i(start.w);
#if ${halves}
  return Membranes(a, b, c, d, a, b, c, d, a, b, c, d, a, b, c, d, a, b, c, d, a, b, c, d, a, b, c, d, a, b, c, d);
#else
  return Membranes(a, b, c, d, a, b, c, d, a, b, c, d, a, b, c, d);
#endif
}

// The weights of a tap; those of a plane of the source's bytes count 2^shift.
fn tapOf(term: ptr<function, Term>, w: u32) -> vec4i {
#if ${broadcast}
  let tap = subgroupBroadcast(weights[w], 0u);
#else
  let tap = weights[w];
#endif
#if ${halves}
  return tap;  // such sources have one plane
#else
  return tap << vec4u((*term).shift);
#endif
}

// Of a row of a kernel 3 wide, of which `first` is the first tap.
fn tapsOf(term: ptr<function, Term>, first: u32, ky: u32) -> array<vec4i, 3> {
#if ${halves}
  // no row of the kernel where the source's row is read for the other row of pixels
  let inside = ky < (*term).kernelHeight;
  let w = first + 3u * select(0u, ky, inside);
  let none = vec4i(0);
  return array<vec4i, 3>(select(none, tapOf(term, w), inside), select(none, tapOf(term, w + 1u), inside), select(none, tapOf(term, w + 2u), inside));
#else
  let w = first + 3u * ky;
  return array<vec4i, 3>(tapOf(term, w), tapOf(term, w + 1u), tapOf(term, w + 2u));
#endif
}

// How many rows of the source the rows of pixels read.
fn rowsRead(term: ptr<function, Term>) -> u32 {
  return (*term).kernelHeight + (PIXEL_ROWS - 1u) * (*term).strideY;
}

// A row of a block of the source; the nearest one where there is none.
struct Row {
  first: u32,    // its first word
  inside: bool,
  pad: u32,      // the word that stands for those that are not there, the first of four alike
}

fn rowOf(term: ptr<function, Term>, place: Place, wave: u32, ky: u32, pad: u32) -> Row {
  let y = i32(place.y * (*term).strideY + ky * (*term).dilationY) - i32((*term).padTop);
  let nearest = clamp(y, 0, i32((*term).height) - 1);
  let row = place.block * (*term).height + u32(nearest);
  return Row((*term).source + wave * (*term).waveStride + row * (*term).width * layer.batch + place.n, y == nearest, pad);
}

// A column of the source, or four of them; the nearest where there is none. Worked out before the loop over rows: software drivers take
// nothing out of it by themselves.
#if ${wide}
struct Column {
  offset: u32,   // in words
  inside: bool,
}
#else
struct Column {
  offset: vec4u,
  inside: vec4<bool>,
}
#endif

// The columns of a tap of pixel i.
fn columnOf(term: ptr<function, Term>, place: Place, i: u32, kx: u32) -> Column {
  let x = i32((place.x + i) * (*term).strideX + kx * (*term).dilationX) - i32((*term).padLeft);
  let last = i32((*term).width) - 1;
#if ${wide}
  let nearest = clamp(x, 0, last);
  return Column(u32(nearest) * layer.batch, x == nearest);
#else
  let xs = vec4i(x) + vec4i(FOUR * PIXELS * (*term).strideX);
  let nearest = clamp(xs, vec4i(0), vec4i(last));
  return Column(vec4u(nearest) * layer.batch, xs == nearest);
#endif
}

fn bytesOf(row: Row, column: Column) -> Bytes {
#if ${wide}
  let four = words[select(row.pad, row.first + column.offset, row.inside && column.inside) / 4u];
#else
  let at = select(vec4u(row.pad), vec4u(row.first) + column.offset, vec4<bool>(row.inside) & column.inside);
  let four = vec4u(words[at.x], words[at.y], words[at.z], words[at.w]);
#endif
#if ${halves}
  let even = four & vec4u(0x00ff00ffu);
  let odd = (four >> vec4u(8u)) & vec4u(0x00ff00ffu);
  return Bytes(lowOf(even), lowOf(odd), highOf(even), highOf(odd));
#else
  return Bytes(byteOf(four, 0u), byteOf(four, 1u), byteOf(four, 2u), byteOf(four, 3u));
#endif
}

#if ${halves}
// The lower halves of the first two as one integer, and of the others.
fn lowOf(four: vec4u) -> vec2i {
  return vec2i((four.xz & vec2u(0xffffu)) | (four.yw << vec2u(16u)));
}

fn highOf(four: vec4u) -> vec2i {
  return vec2i((four.xz >> vec2u(16u)) | (four.yw & vec2u(0xffff0000u)));
}

// The membranes integrate what the wave has brought. Each sum must lie within 16 bits now; before, it may have been anything.
fn settle(v: ptr<function, Membranes>, sums: ptr<function, Sums>) {
  settlePixel(v, sums, 0u);
  settlePixel(v, sums, 1u);
  settlePixel(v, sums, 2u);
  settlePixel(v, sums, 3u);
  settlePixel(v, sums, 4u);
  settlePixel(v, sums, 5u);
  settlePixel(v, sums, 6u);
  settlePixel(v, sums, 7u);
}

fn settlePixel(v: ptr<function, Membranes>, sums: ptr<function, Sums>, i: u32) {
  (*v)[4u * i] += fourOf((*sums)[4u * i]);
  (*v)[4u * i + 1u] += fourOf((*sums)[4u * i + 1u]);
  (*v)[4u * i + 2u] += fourOf((*sums)[4u * i + 2u]);
  (*v)[4u * i + 3u] += fourOf((*sums)[4u * i + 3u]);
}

fn fourOf(pair: vec2i) -> vec4i {
  let low = (pair << vec2u(16u)) >> vec2u(16u);
  let high = (pair - low) >> vec2u(16u);
  return vec4i(low.x, high.x, low.y, high.y);
}
#else
fn byteOf(four: vec4u, c: u32) -> vec4i {
  return vec4i((four >> vec4u(8u * c)) & vec4u(0xffu));
}
#endif

fn padOf(term: ptr<function, Term>, block: u32) -> u32 {
  return (*term).pad + block * (*term).padStride;
}

#if ${rows}
// Kernels 3 wide, stride 1: six columns serve the three taps of four pixels.
fn addRows(sums: ptr<function, Sums>, term: ptr<function, Term>, place: Place, wave: u32, weight: u32) {
  let c0 = columnOf(term, place, 0u, 0u);
  let c1 = columnOf(term, place, 1u, 0u);
  let c2 = columnOf(term, place, 2u, 0u);
  let c3 = columnOf(term, place, 3u, 0u);
  let c4 = columnOf(term, place, 3u, 1u);
  let c5 = columnOf(term, place, 3u, 2u);
  let pad = padOf(term, place.block);
  let count = rowsRead(term);
  for (var ky = 0u; ky < count; ky++) {
    let row = rowOf(term, place, wave, ky, pad);
    let a0 = bytesOf(row, c0);
    let a1 = bytesOf(row, c1);
    let a2 = bytesOf(row, c2);
    let a3 = bytesOf(row, c3);
    let a4 = bytesOf(row, c4);
    let a5 = bytesOf(row, c5);
    let near = tapsOf(term, weight, ky);
    addThree(sums, 0u, a0, a1, a2, near);
    addThree(sums, 1u, a1, a2, a3, near);
    addThree(sums, 2u, a2, a3, a4, near);
    addThree(sums, 3u, a3, a4, a5, near);
#if ${halves}
    let far = tapsOf(term, weight, ky - (*term).strideY);
    addThree(sums, 4u, a0, a1, a2, far);
    addThree(sums, 5u, a1, a2, a3, far);
    addThree(sums, 6u, a2, a3, a4, far);
    addThree(sums, 7u, a3, a4, a5, far);
#endif
  }
}
#endif

#if ${strided}
// Kernels 3 wide, stride 2: nine columns serve four pixels.
fn addStrided(sums: ptr<function, Sums>, term: ptr<function, Term>, place: Place, wave: u32, weight: u32) {
  let c0 = columnOf(term, place, 0u, 0u);
  let c1 = columnOf(term, place, 0u, 1u);
  let c2 = columnOf(term, place, 1u, 0u);
  let c3 = columnOf(term, place, 1u, 1u);
  let c4 = columnOf(term, place, 2u, 0u);
  let c5 = columnOf(term, place, 2u, 1u);
  let c6 = columnOf(term, place, 3u, 0u);
  let c7 = columnOf(term, place, 3u, 1u);
  let c8 = columnOf(term, place, 3u, 2u);
  let pad = padOf(term, place.block);
  let count = rowsRead(term);
  for (var ky = 0u; ky < count; ky++) {
    let row = rowOf(term, place, wave, ky, pad);
    let a0 = bytesOf(row, c0);
    let a1 = bytesOf(row, c1);
    let a2 = bytesOf(row, c2);
    let a3 = bytesOf(row, c3);
    let a4 = bytesOf(row, c4);
    let a5 = bytesOf(row, c5);
    let a6 = bytesOf(row, c6);
    let a7 = bytesOf(row, c7);
    let a8 = bytesOf(row, c8);
    let near = tapsOf(term, weight, ky);
    addThree(sums, 0u, a0, a1, a2, near);
    addThree(sums, 1u, a2, a3, a4, near);
    addThree(sums, 2u, a4, a5, a6, near);
    addThree(sums, 3u, a6, a7, a8, near);
#if ${halves}
    let far = tapsOf(term, weight, ky - (*term).strideY);
    addThree(sums, 4u, a0, a1, a2, far);
    addThree(sums, 5u, a2, a3, a4, far);
    addThree(sums, 6u, a4, a5, a6, far);
    addThree(sums, 7u, a6, a7, a8, far);
#endif
  }
}
#endif

// Three taps of pixel i.
fn addThree(sums: ptr<function, Sums>, i: u32, a0: Bytes, a1: Bytes, a2: Bytes, w: array<vec4i, 3>) {
  (*sums)[4u * i] += a0[0] * w[0].x + a1[0] * w[1].x + a2[0] * w[2].x;
  (*sums)[4u * i + 1u] += a0[1] * w[0].y + a1[1] * w[1].y + a2[1] * w[2].y;
  (*sums)[4u * i + 2u] += a0[2] * w[0].z + a1[2] * w[1].z + a2[2] * w[2].z;
  (*sums)[4u * i + 3u] += a0[3] * w[0].w + a1[3] * w[1].w + a2[3] * w[2].w;
}

#if ${window}
// Any kernel, stride, padding and dilation, and identities: four columns a tap.
fn addWindow(sums: ptr<function, Sums>, term: ptr<function, Term>, place: Place, wave: u32, weight: u32) {
  let pad = padOf(term, place.block);
  var w = weight;
  for (var ky = 0u; ky < (*term).kernelHeight; ky++) {
    let row = rowOf(term, place, wave, ky, pad);
    for (var kx = 0u; kx < (*term).kernelWidth; kx++) {
      let tap = tapOf(term, w);
      addOne(sums, 0u, bytesOf(row, columnOf(term, place, 0u, kx)), tap);
      addOne(sums, 1u, bytesOf(row, columnOf(term, place, 1u, kx)), tap);
      addOne(sums, 2u, bytesOf(row, columnOf(term, place, 2u, kx)), tap);
      addOne(sums, 3u, bytesOf(row, columnOf(term, place, 3u, kx)), tap);
      w++;
    }
  }
}

fn addOne(sums: ptr<function, Sums>, i: u32, a: Bytes, w: vec4i) {
  (*sums)[4u * i] += a[0] * w.x;
  (*sums)[4u * i + 1u] += a[1] * w.y;
  (*sums)[4u * i + 2u] += a[2] * w.z;
  (*sums)[4u * i + 3u] += a[3] * w.w;
}
#endif
