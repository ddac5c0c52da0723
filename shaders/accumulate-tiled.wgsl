// accumulate-tiled: as `accumulate`, for GPUs: a workgroup stages words and weights in its memory, so that each is read once
// for 64 channels × 64 columns. Columns are places of the map and images in one line, as words lie: (y · width + x) · batch + image.
// One invocation of 64: 8 channels × 8 columns (every eighth), all waves; membranes stay in registers (`lib/neurons`).
// Staged at once: 8 blocks of 4 channels, that is 512 words and 512 weights, 16 loads an invocation for 64 × 32 multiply-adds.
// With matrix units, the products of a term are multiplied as fragments M × K by K × N, and handed to the invocations that
// hold their membranes through workgroup memory. Operands are bytes (weights plus 128, taken off as in `lib/bytes`) or f16,
// which holds them exactly; results are u32 or f32, both exact (specification, section 3).
// No races: an invocation writes the words of its own channels and columns; barriers part staging from use.
// Uses lib/matrix, lib/broadcast, lib/layer, lib/bytes, lib/place, lib/neurons, lib/tap, lib/sums

@group(0) @binding(0) var<storage, read_write> words: array<u32>;
@group(0) @binding(1) var<storage, read> weights: array<vec4u>;
@group(0) @binding(2) var<uniform> layer: Layer;
@group(0) @binding(3) var<uniform> batch: Batch;
@group(0) @binding(4) var<storage, read> channels: array<vec4i>;          // bias, g, V(0) | shift, identity weight
@group(0) @binding(5) var<storage, read_write> counters: array<atomic<u32>>;
#if ${keepMembranes}
@group(0) @binding(6) var<storage, read_write> membranes: array<i32>;     // [channel][y][x][image]
#endif

const COLUMNS = 64u;  // and channels of a workgroup
const CHUNK = 8u;     // blocks of 4 channels that are staged at once

#if ${matrix}
const M = ${matrixM}u;
const N = ${matrixN}u;
const K = ${matrixK}u;
const DEPTH = 4u * CHUNK;              // operands of a row of a fragment's source
const PER_ELEMENT = ${perElement}u;    // operands in an element of what is staged
const STRIDE = DEPTH / PER_ELEMENT;
// Fragments of a subgroup: 4 of M channels × 2 of N columns.
alias Left = subgroup_matrix_left<${operand}, ${matrixK}, ${matrixM}>;
alias Right = subgroup_matrix_right<${operand}, ${matrixN}, ${matrixK}>;
alias Fragment = subgroup_matrix_result<${product}, ${matrixN}, ${matrixM}>;
var<workgroup> stagedWords: array<${staged}, ${stagedLength}>;    // [column][32 channels]
var<workgroup> stagedWeights: array<${staged}, ${stagedLength}>;  // [output channel][32 channels]
var<workgroup> products: array<${product}, 4096>;                 // [output channel][column]
var<workgroup> totals: array<u32, 64>;                            // Σ words of each column
#else
var<workgroup> stagedWords: array<u32, 512>;    // [block][column]
var<workgroup> stagedWeights: array<u32, 512>;  // [block][output channel]
#endif

@compute @workgroup_size(64)
fn accumulateTiled(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
#if ${matrix}
  @builtin(subgroup_id) subgroup: u32,
#endif
) {
  let first = (group.z * groups.x + group.x) * COLUMNS;
  let share = group.y * 8u + local / 8u;
  let tile = layer.firstTile + share;
  let place = Place(first + local % 8u, 8u, 0u, 0u, share < layer.tiles);
  let column = first + local;  // the one that this invocation stages
  let pixel = column / layer.batch;

  var v = startOf(tile);
  var spikes = 0u;
  for (var wave = 0u; wave < layer.waves; wave++) {
    for (var t = 0u; t < layer.terms; t++) {
      var term = layer.term[t];
#if ${identity}
      if (layer.term[t].kind == IDENTITY) {
        addIdentity(&v, &term, tile, wave, place);
        continue;
      }
#endif
      var sums = Sums();
      let source = Staging(layer.term[t].source + wave * layer.term[t].waveStride + column % layer.batch,
                           pixel / layer.width, pixel % layer.width, group.y * 8u * layer.tileWeights * 4u + layer.term[t].weights * 4u);
#if ${matrix}
      var f00 = Fragment(); var f01 = Fragment();
      var f10 = Fragment(); var f11 = Fragment();
      var f20 = Fragment(); var f21 = Fragment();
      var f30 = Fragment(); var f31 = Fragment();
      // subgroups lie over the tile column by column of fragments' groups
      let rows = subgroup % (COLUMNS / (4u * M)) * 4u * M;
      let columns = subgroup / (COLUMNS / (4u * M)) * 2u * N;
      var total = 0u;
#endif
      let taps = layer.term[t].kernelHeight * layer.term[t].kernelWidth;
      for (var k = 0u; k < taps; k++) {
        for (var q = 0u; q < layer.term[t].blocks; q += CHUNK) {
          workgroupBarrier();
#if ${matrix}
          total += stage(&term, source, local, k, q);
#else
          stage(&term, source, local, k, q);
#endif
          workgroupBarrier();
#if ${matrix}
          for (var depth = 0u; depth < DEPTH; depth += K) {
            let b0 = subgroupMatrixLoad<Right, col_major>(&stagedWords, (columns * DEPTH + depth) / PER_ELEMENT, STRIDE);
            let b1 = subgroupMatrixLoad<Right, col_major>(&stagedWords, ((columns + N) * DEPTH + depth) / PER_ELEMENT, STRIDE);
            let a0 = subgroupMatrixLoad<Left, row_major>(&stagedWeights, (rows * DEPTH + depth) / PER_ELEMENT, STRIDE);
            f00 = subgroupMatrixMultiplyAccumulate(a0, b0, f00);
            f01 = subgroupMatrixMultiplyAccumulate(a0, b1, f01);
            let a1 = subgroupMatrixLoad<Left, row_major>(&stagedWeights, ((rows + M) * DEPTH + depth) / PER_ELEMENT, STRIDE);
            f10 = subgroupMatrixMultiplyAccumulate(a1, b0, f10);
            f11 = subgroupMatrixMultiplyAccumulate(a1, b1, f11);
            let a2 = subgroupMatrixLoad<Left, row_major>(&stagedWeights, ((rows + 2u * M) * DEPTH + depth) / PER_ELEMENT, STRIDE);
            f20 = subgroupMatrixMultiplyAccumulate(a2, b0, f20);
            f21 = subgroupMatrixMultiplyAccumulate(a2, b1, f21);
            let a3 = subgroupMatrixLoad<Left, row_major>(&stagedWeights, ((rows + 3u * M) * DEPTH + depth) / PER_ELEMENT, STRIDE);
            f30 = subgroupMatrixMultiplyAccumulate(a3, b0, f30);
            f31 = subgroupMatrixMultiplyAccumulate(a3, b1, f31);
          }
#else
          multiply(&sums, local);
#endif
        }
      }
#if ${matrix}
      totals[local] = total;
      subgroupMatrixStore<row_major>(&products, rows * COLUMNS + columns, f00, COLUMNS);
      subgroupMatrixStore<row_major>(&products, rows * COLUMNS + columns + N, f01, COLUMNS);
      subgroupMatrixStore<row_major>(&products, (rows + M) * COLUMNS + columns, f10, COLUMNS);
      subgroupMatrixStore<row_major>(&products, (rows + M) * COLUMNS + columns + N, f11, COLUMNS);
      subgroupMatrixStore<row_major>(&products, (rows + 2u * M) * COLUMNS + columns, f20, COLUMNS);
      subgroupMatrixStore<row_major>(&products, (rows + 2u * M) * COLUMNS + columns + N, f21, COLUMNS);
      subgroupMatrixStore<row_major>(&products, (rows + 3u * M) * COLUMNS + columns, f30, COLUMNS);
      subgroupMatrixStore<row_major>(&products, (rows + 3u * M) * COLUMNS + columns + N, f31, COLUMNS);
      workgroupBarrier();
      takeProducts(&sums, local);
#endif
      addSums(&v, &sums, &term, tile);
    }
    spikes += fire(&v, tile, wave, place);
  }
  atomicAdd(&counters[layer.counter], spikes);
#if ${keepMembranes}
  keepMembranes(&v, tile, place);
#endif
}

fn isThere(place: Place, i: u32) -> bool {
  let column = place.at + i * place.step;
  return place.inside && column < layer.height * layer.width * layer.batch && column % layer.batch < batch.images;
}

// What an invocation stages for a term: a column's words and an output channel's weights.
struct Staging {
  words: u32,    // first word of the source's map for this image
  y: u32,
  x: u32,
  weights: u32,  // first u32 of the workgroup's weights
}

// Stages 8 blocks from q on for tap k. Returns Σ words of the column.
fn stage(term: ptr<function, Term>, source: Staging, local: u32, k: u32, q: u32) -> u32 {
  let ky = k / (*term).kernelWidth;
  let kx = k % (*term).kernelWidth;
  let y = i32(source.y * (*term).strideY + ky * (*term).dilationY) - i32((*term).padTop);
  let x = i32(source.x * (*term).strideX + kx * (*term).dilationX) - i32((*term).padLeft);
  let inside = y >= 0 && y < i32((*term).height) && x >= 0 && x < i32((*term).width);
  let area = (*term).height * (*term).width * layer.batch;
  let at = source.words + u32(y * i32((*term).width) + x) * layer.batch;
  let taps = (*term).kernelHeight * (*term).kernelWidth;
  let weight = source.weights + local / 8u * layer.tileWeights * 4u + local % 8u;
  var total = 0u;
  for (var i = 0u; i < CHUNK; i++) {
    var word = 0u;
    var w = 0x80808080u;
    if (q + i < (*term).blocks) {
      word = words[select((*term).pad + (q + i) * (*term).padStride, at + (q + i) * area, inside)];
      let index = weight + ((q + i) * taps + k) * 8u;
      w = weights[index / 4u][index % 4u];
    }
#if ${matrix}
#if ${half}
    stageHalf(local * DEPTH + i * 4u, word, w);
#else
    stagedWords[local * CHUNK + i] = word;
    stagedWeights[local * CHUNK + i] = w;
    total += dot4U8Packed(word, 0x01010101u);
#endif
#else
    stagedWords[i * COLUMNS + local] = word;
    stagedWeights[i * COLUMNS + local] = w;
#endif
  }
  return total;
}

#if ${matrix}
#if ${half}

// Four channels as f16, which holds words and signed weights exactly.
fn stageHalf(at: u32, word: u32, weight: u32) {
  for (var c = 0u; c < 4u; c++) {
    stagedWords[at + c] = f16((word >> (8u * c)) & 0xffu);
    stagedWeights[at + c] = f16(i32((weight >> (8u * c)) & 0xffu) - 128);
  }
}
#endif

// The products of this invocation's channels and columns.
fn takeProducts(sums: ptr<function, Sums>, local: u32) {
  let column = local % 8u;
  for (var u = 0u; u < 8u; u++) {
    let at = (local / 8u * 8u + u) * COLUMNS + column;
    (*sums)[2u * u] = Lanes(products[at], products[at + 8u], products[at + 16u], products[at + 24u]);
    (*sums)[2u * u + 1u] = Lanes(products[at + 32u], products[at + 40u], products[at + 48u], products[at + 56u]);
  }
#if ${half}
#else
  (*sums)[16] = vec4u(totals[column], totals[column + 8u], totals[column + 16u], totals[column + 24u]);
  (*sums)[17] = vec4u(totals[column + 32u], totals[column + 40u], totals[column + 48u], totals[column + 56u]);
#endif
}
#else
// 8 channels × 8 columns × 32 channels from what is staged.
fn multiply(sums: ptr<function, Sums>, local: u32) {
  let column = local % 8u;
  let channel = local / 8u * 8u;
  for (var i = 0u; i < CHUNK; i++) {
    let at = i * COLUMNS + column;
    let near = vec4u(stagedWords[at], stagedWords[at + 8u], stagedWords[at + 16u], stagedWords[at + 24u]);
    let far = vec4u(stagedWords[at + 32u], stagedWords[at + 40u], stagedWords[at + 48u], stagedWords[at + 56u]);
    let w = i * COLUMNS + channel;
    tap(sums, near, far, vec4u(stagedWeights[w], stagedWeights[w + 1u], stagedWeights[w + 2u], stagedWeights[w + 3u]),
        vec4u(stagedWeights[w + 4u], stagedWeights[w + 5u], stagedWeights[w + 6u], stagedWeights[w + 7u]));
#if ${packedDot}
    (*sums)[16] += dots(unpack(near), 0x01010101u);
    (*sums)[17] += dots(unpack(far), 0x01010101u);
#endif
  }
}
#endif
