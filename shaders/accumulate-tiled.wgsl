// accumulate-tiled: as `accumulate`, for GPUs: a workgroup stages words and weights in its memory, so that each is read once
// for 64 channels × 64 columns (`lib/staging`).
// One invocation of 64: 8 channels × 8 columns (every eighth), all waves; membranes stay in registers (`lib/neurons`).
// Staged at once: 8 blocks of 4 channels, that is 512 words and 512 weights, 16 loads an invocation for 64 × 32 multiply-adds.
// No races: an invocation writes the words of its own channels and columns; barriers part staging from use.
// Uses lib/broadcast, lib/layer, lib/bytes, lib/place, lib/neurons, lib/tap, lib/sums, lib/staging

@group(0) @binding(0) var<storage, read_write> words: array<u32>;
@group(0) @binding(1) var<storage, read> weights: array<vec4u>;
@group(0) @binding(2) var<uniform> layer: Layer;
@group(0) @binding(3) var<uniform> batch: Batch;
@group(0) @binding(4) var<storage, read> channels: array<vec4i>;          // bias, g, V(0) | shift, identity weight
@group(0) @binding(5) var<storage, read_write> counters: array<atomic<u32>>;
#if ${keepMembranes}
@group(0) @binding(6) var<storage, read_write> membranes: array<i32>;     // [channel][y][x][image]
#endif

const CHUNK = 8u;     // blocks of 4 channels that are staged at once
var<workgroup> stagedWords: array<u32, 512>;    // [block][column]
var<workgroup> stagedWeights: array<u32, 512>;  // [block][output channel]

@compute @workgroup_size(64)
fn accumulateTiled(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let first = (group.z * groups.x + group.x) * COLUMNS;
  let share = group.y * 8u + local / 8u;
  let tile = layer.firstTile + share;
  let place = Place(first + local % 8u, 8u, 0u, 0u, share < layer.tiles);
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
      var reader = readerOf(&term, first + local, group.y * 8u, local, wave);
      let blocks = layer.term[t].kernelHeight * layer.term[t].kernelWidth * layer.term[t].blocks;
      for (var staged = 0u; staged < blocks; staged += CHUNK) {
        workgroupBarrier();
        stage(&term, &reader, local);
        workgroupBarrier();
        multiply(&sums, local);
      }
      addSums(&v, &sums, &term, tile);
    }
    spikes += fire(&v, tile, wave, place);
  }
  atomicAdd(&counters[layer.counter], spikes);
#if ${keepMembranes}
  keepMembranes(&v, tile, place);
#endif
}

fn stage(term: ptr<function, Term>, reader: ptr<function, Reader>, local: u32) {
  for (var i = 0u; i < CHUNK; i++) {
    let next = nextBlock(term, reader);
    stagedWords[i * COLUMNS + local] = next.x;
    stagedWeights[i * COLUMNS + local] = next.y;
  }
}

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
