// accumulate-matrix: as `accumulate-tiled`, multiplied by matrix units: fragments M × K by K × N, DOWN × ACROSS of whose results a subgroup has.
// The products of a term are handed through workgroup memory to the invocations that hold their membranes, 8 channels × 8 columns each.
// Operands are bytes, or f16 or f32, which hold words and weights exactly; results are of 32 bits and exact (specification, section 3). Bytes
// are signed where no word passes 127, else weights are plus 128, taken off as in `lib/bytes`.
// Staged at once: DEPTH channels, for fragments of K in slices of K, [slice][column or output channel][K]. Elements are of 16 bytes (four of f16
// are 8), so that a fragment's rows are aligned; rows of more than 16 bytes are padded by 16, so that the stores of 8 invocations, and the rows
// of a fragment, lie in different banks.
// No races: an invocation writes the words of its own channels and columns; barriers part staging from use.
// Uses lib/matrix, lib/broadcast, lib/layer, lib/bytes, lib/place, lib/neurons, lib/tap, lib/sums, lib/staging

@group(0) @binding(0) var<storage, read_write> words: array<u32>;
@group(0) @binding(1) var<storage, read> weights: array<vec4u>;
@group(0) @binding(2) var<uniform> layer: Layer;
@group(0) @binding(3) var<uniform> batch: Batch;
@group(0) @binding(4) var<storage, read> channels: array<vec4i>;          // bias, g, V(0) | shift, identity weight
@group(0) @binding(5) var<storage, read_write> counters: array<atomic<u32>>;
#if ${keepMembranes}
@group(0) @binding(6) var<storage, read_write> membranes: array<i32>;     // [channel][y][x][image]
#endif

const M = ${matrixM}u;
const N = ${matrixN}u;
const K = ${matrixK}u;
const DOWN = ${matrixDown}u;
const ACROSS = ${matrixAcross}u;
const DEPTH = ${matrixDepth}u;
const PER_ELEMENT = ${perElement}u;  // operands
const ROW = ${rowElements}u;         // elements, with padding
const SLICE = COLUMNS * ROW;
alias Element = ${element};
alias Left = subgroup_matrix_left<${operand}, ${matrixK}, ${matrixM}>;
alias Right = subgroup_matrix_right<${operand}, ${matrixN}, ${matrixK}>;
alias Fragment = subgroup_matrix_result<${product}, ${matrixN}, ${matrixM}>;
alias Fragments = array<Fragment, DOWN * ACROSS>;
var<workgroup> stagedWords: array<Element, SLICE * (DEPTH / K)>;
var<workgroup> stagedWeights: array<Element, SLICE * (DEPTH / K)>;
var<workgroup> products: array<${product}, 4096>;                 // [output channel][column]
#if ${packedDot}
var<workgroup> totals: array<u32, 64>;                            // Σ words of each column
#endif

@compute @workgroup_size(64)
#if ${sizedSubgroup}
@subgroup_size(${subgroupSize})
#endif
fn accumulateMatrix(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_id) subgroup: u32,
) {
  let first = (group.z * groups.x + group.x) * COLUMNS;
  let share = group.y * 8u + local / 8u;
  let tile = layer.firstTile + share;
  let place = Place(first + local % 8u, 8u, 0u, 0u, share < layer.tiles);
  // subgroups lie over the tile column by column of their fragments
  let row = subgroup % (COLUMNS / (DOWN * M)) * DOWN * M;
  let column = subgroup / (COLUMNS / (DOWN * M)) * ACROSS * N;
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
      var fragments = Fragments();
      var total = 0u;
      var reader = readerOf(&term, first + local, group.y * 8u, local, wave);
      let blocks = layer.term[t].kernelHeight * layer.term[t].kernelWidth * layer.term[t].blocks;
      for (var staged = 0u; staged < blocks; staged += DEPTH / 4u) {
        workgroupBarrier();
        total += stage(&term, &reader, local);
        workgroupBarrier();
        multiply(&fragments, row, column);
      }
#if ${packedDot}
      totals[local] = total;
#endif
      for (var r = 0u; r < DOWN; r++) {
        for (var c = 0u; c < ACROSS; c++) {
          subgroupMatrixStore<row_major>(&products, (row + r * M) * COLUMNS + column + c * N, fragments[r * ACROSS + c], COLUMNS);
        }
      }
      workgroupBarrier();
      var sums = Sums();
      takeProducts(&sums, local);
      addSums(&v, &sums, &term, tile);
    }
    spikes += fire(&v, tile, wave, place);
  }
  atomicAdd(&counters[layer.counter], spikes);
#if ${keepMembranes}
  keepMembranes(&v, tile, place);
#endif
}

// The element of channel c of what is staged, in the row of a column or an output channel.
fn elementOf(row: u32, c: u32) -> u32 {
  return c / K * SLICE + row * ROW + c % K / PER_ELEMENT;
}

#if ${bytes}
// Stages the next DEPTH channels, 16 at once. Returns Σ words of the column, which signed bytes have no need of.
fn stage(term: ptr<function, Term>, reader: ptr<function, Reader>, local: u32) -> u32 {
  var total = 0u;
  for (var c = 0u; c < DEPTH; c += 16u) {
    let b0 = nextBlock(term, reader);
    let b1 = nextBlock(term, reader);
    let b2 = nextBlock(term, reader);
    let b3 = nextBlock(term, reader);
    let four = vec4u(b0.x, b1.x, b2.x, b3.x);
#if ${signedDot}
    let weight = vec4u(b0.y, b1.y, b2.y, b3.y) ^ vec4u(0x80808080u);
#else
    let weight = vec4u(b0.y, b1.y, b2.y, b3.y);
    total += dot4U8Packed(b0.x, 0x01010101u) + dot4U8Packed(b1.x, 0x01010101u)
      + dot4U8Packed(b2.x, 0x01010101u) + dot4U8Packed(b3.x, 0x01010101u);
#endif
#if ${narrow}
    // a slice has 8 bytes of an element
    stagedWords[elementOf(local, c)] = vec4u(four.xy, 0u, 0u);
    stagedWords[elementOf(local, c + 8u)] = vec4u(four.zw, 0u, 0u);
    stagedWeights[elementOf(local, c)] = vec4u(weight.xy, 0u, 0u);
    stagedWeights[elementOf(local, c + 8u)] = vec4u(weight.zw, 0u, 0u);
#else
    stagedWords[elementOf(local, c)] = four;
    stagedWeights[elementOf(local, c)] = weight;
#endif
  }
  return total;
}
#else
// Stages the next DEPTH channels, a block at once.
fn stage(term: ptr<function, Term>, reader: ptr<function, Reader>, local: u32) -> u32 {
  for (var c = 0u; c < DEPTH; c += 4u) {
    let next = nextBlock(term, reader);
    stagedWords[elementOf(local, c)] = Element(bytesOf(next.x));
    stagedWeights[elementOf(local, c)] = Element(vec4i(bytesOf(next.y)) - vec4i(128));
  }
  return 0u;
}

fn bytesOf(packed: u32) -> vec4u {
  return (vec4u(packed) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(0xffu);
}
#endif

// A subgroup's fragments, from `row` and `column` of the tile on, take in what is staged.
fn multiply(fragments: ptr<function, Fragments>, row: u32, column: u32) {
  for (var slice = 0u; slice < DEPTH / K; slice++) {
    var right: array<Right, ACROSS>;
    for (var c = 0u; c < ACROSS; c++) {
      right[c] = subgroupMatrixLoad<Right, col_major>(&stagedWords, slice * SLICE + (column + c * N) * ROW, ROW);
    }
    for (var r = 0u; r < DOWN; r++) {
      let left = subgroupMatrixLoad<Left, row_major>(&stagedWeights, slice * SLICE + (row + r * M) * ROW, ROW);
      for (var c = 0u; c < ACROSS; c++) {
        (*fragments)[r * ACROSS + c] = subgroupMatrixMultiplyAccumulate(left, right[c], (*fragments)[r * ACROSS + c]);
      }
    }
  }
}

// The products of this invocation's channels and columns.
fn takeProducts(sums: ptr<function, Sums>, local: u32) {
  let column = local % 8u;
  for (var u = 0u; u < 8u; u++) {
    let at = (local / 8u * 8u + u) * COLUMNS + column;
    (*sums)[2u * u] = Lanes(products[at], products[at + 8u], products[at + 16u], products[at + 24u]);
    (*sums)[2u * u + 1u] = Lanes(products[at + 32u], products[at + 40u], products[at + 48u], products[at + 56u]);
  }
#if ${packedDot}
  (*sums)[16] = vec4u(totals[column], totals[column + 8u], totals[column + 16u], totals[column + 24u]);
  (*sums)[17] = vec4u(totals[column + 32u], totals[column + 40u], totals[column + 48u], totals[column + 56u]);
#endif
}
