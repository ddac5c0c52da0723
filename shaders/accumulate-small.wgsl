// accumulate-small: as `accumulate`, for cards that would not hold its tiles in registers: one invocation has 4 output channels × 4 columns or
// (`eight`) 8 × 4, pixels of a row (or images where rows are short), all waves.
// Membranes and sums are 32 or 64 numbers of 32 bits, of 8 × 8 they are 128; words and weights of a row come to them.
// Words and weights lie as there. Loads for 4 × 4 × 12 multiply-adds of a 3-wide row: 6 words, 3 vec4u of weights.
// No races: an invocation writes the words of its own channels, pixels and images, into a region that no source shares.
// Uses lib/broadcast, lib/layer, lib/bytes, lib/rows, lib/place, lib/small-neurons

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
#if ${eight}
const CHANNELS = 8u;
#else
const CHANNELS = 4u;
#endif
const COLUMNS = 4u;

// Where an invocation reads: its first image, pixel and row, and the first of its weights in each tap, of which there are two a tile.
struct Reader {
  n: u32,
  x: u32,
  y: u32,
  weights: u32,
}

@compute @workgroup_size(workgroupSize)
fn accumulateSmall(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  _ = &weights;  // bound also where a layer has identities only
  let index = (group.z * groups.x + group.x) * workgroupSize + local;
  let first = group.y * CHANNELS;  // channel of this dispatch's weights
  let channel = layer.firstTile * 8u + first;
  let n = index % layer.lanes;
  let x = index / layer.lanes % layer.tilesX * (layer.stepX * (COLUMNS - 1u) + 1u);
  let y = index / layer.lanes / layer.tilesX;
  if (y >= layer.height || n >= batch.images) { return; }

  let place = Place((y * layer.width + x) * layer.batch + n, layer.stepX * layer.batch + layer.stepN, x, n, true);
  let reader = Reader(n, x, y, first / 8u * layer.tileWeights + first / 4u % 2u);
  var v = startOf(channel);
#if ${pixels}
  // all terms read the pixels, which bring the same in every wave: summed once
  var current = Membranes();
  addTerms(&current, channel, 0u, place, reader);
#endif
  var spikes = 0u;
  for (var wave = 0u; wave < layer.waves; wave++) {
#if ${pixels}
    addCurrent(&v, &current);
#else
    addTerms(&v, channel, wave, place, reader);
#endif
    spikes += fire(&v, channel, wave, place);
  }
  atomicAdd(&counters[layer.counter], spikes);
#if ${keepMembranes}
  keepMembranes(&v, channel, place);
#endif
}

fn isThere(place: Place, i: u32) -> bool {
  return place.x + i * layer.stepX < layer.width && place.n + i * layer.stepN < batch.images;
}

// The membranes integrate what all terms bring in one wave. Only the ways that the layer's terms need are compiled.
fn addTerms(v: ptr<function, Membranes>, channel: u32, wave: u32, place: Place, reader: Reader) {
  for (var t = 0u; t < layer.terms; t++) {
    var term = layer.term[t];
#if ${identity}
    if (term.kind == IDENTITY) {
      addIdentity(v, &term, channel, wave, place);
      continue;
    }
#endif
    var sums = Sums();
#if ${rows}
    if (term.kind == ROWS) { sumRows(&sums, &term, channel / 8u, wave, reader); }
#endif
#if ${window}
    if (term.kind == CONVOLUTION) { sumWindow(&sums, &term, channel / 8u, wave, reader); }
#endif
    addSums(v, &sums, &term, channel);
  }
}

#if ${rows}
// Kernels 3 wide, stride 1: the six words of a row serve the three taps of four pixels.
fn sumRows(sums: ptr<function, Sums>, term: ptr<function, Term>, tile: u32, wave: u32, reader: Reader) {
  let left = i32(reader.x) - i32((*term).padLeft);
  let c0 = columnOf(term, left);
  let c1 = columnOf(term, left + 1);
  let c2 = columnOf(term, left + 2);
  let c3 = columnOf(term, left + 3);
  let c4 = columnOf(term, left + 4);
  let c5 = columnOf(term, left + 5);
  let first = firstBlock(term, tile);
  var w = reader.weights + (*term).weights;
  for (var q = first; q < first + (*term).blocks; q++) {
    for (var ky = 0u; ky < (*term).kernelHeight; ky++) {
      let row = rowOf(term, q, ky, wave, reader.n, reader.y);
      let near = vec4u(wordOf(row, c0), wordOf(row, c1), wordOf(row, c2), wordOf(row, c3));
      let next = vec2u(wordOf(row, c4), wordOf(row, c5));
      tapAt(sums, near, w);
      tapAt(sums, vec4u(near.yzw, next.x), w + 2u);
      tapAt(sums, vec4u(near.zw, next), w + 4u);
      w += 6u;
    }
  }
}
#endif

#if ${window}
// Any kernel, stride, padding and dilation: four words a tap.
fn sumWindow(sums: ptr<function, Sums>, term: ptr<function, Term>, tile: u32, wave: u32, reader: Reader) {
  let stepX = i32(layer.stepX * (*term).strideX);
  let step = stepX * i32(layer.batch) + i32(layer.stepN);
  let first = firstBlock(term, tile);
  var w = reader.weights + (*term).weights;
  for (var q = first; q < first + (*term).blocks; q++) {
    for (var ky = 0u; ky < (*term).kernelHeight; ky++) {
      let row = rowOf(term, q, ky, wave, reader.n, reader.y);
      for (var kx = 0u; kx < (*term).kernelWidth; kx++) {
        let ix = i32(reader.x * (*term).strideX + kx * (*term).dilationX) - i32((*term).padLeft);
        let i = vec4i(ix) + vec4i(0, 1, 2, 3) * stepX;
        let at = vec4i(row.start + ix * row.step) + vec4i(0, 1, 2, 3) * step;
        let places = select(vec4u(row.pad), vec4u(at), (i >= vec4i(0)) & (i < vec4i(row.width)));
        tapAt(sums, vec4u(words[places.x], words[places.y], words[places.z], words[places.w]), w);
        w += 2u;
      }
    }
  }
}
#endif

// One tap, whose weights of this invocation's channels begin at w.
fn tapAt(sums: ptr<function, Sums>, four: vec4u, w: u32) {
#if ${eight}
  tap(sums, four, weights[w], weights[w + 1u]);
#else
  tap(sums, four, weights[w], vec4u());
#endif
#if ${packedDot}
  (*sums)[CHANNELS] += dots(four, 0x01010101u);
#endif
}
