// fused-spikes: as `fused`, the same bits, driven by spikes: only channels that send anything in four steps cost a load.
// Weights: [term][input channel][ky][kx][tile of 8 output channels of this dispatch], 8 bytes (plus 128) to a vec2u. Other layouts as there.
// One invocation: 8 output channels of one place of one image, all steps of the chunk; neighbours are the place's other output
// channels, so they see the same spikes. A term's sums stand in 16 bits each, two to a u32, and are carried over before 257
// of them could overflow. No races: membranes and words of its channels, place and image belong to an invocation alone.
// Uses lib/steps, lib/neuron-${neuron}, lib/synapses, lib/synchronous, lib/membrane

@group(0) @binding(0) var<storage, read_write> spikes: array<u32>;
@group(0) @binding(1) var<storage, read> events: array<vec2u>;
@group(0) @binding(2) var<uniform> layer: SpikeLayer;
@group(0) @binding(3) var<uniform> chunk: Chunk;
@group(0) @binding(4) var<storage, read> channels: array<vec4i>;  // bias, g, V(0) | shift, identity weight
@group(0) @binding(5) var<storage, read_write> membranes: array<i32>;
#if ${driven}
@group(0) @binding(6) var<storage, read> drive: array<i32>;
#endif
@group(0) @binding(7) var<storage, read_write> counts: array<u32>;
@group(0) @binding(8) var<storage, read_write> decoded: array<u32>;
@group(0) @binding(9) var<storage, read_write> counters: array<atomic<u32>>;

const PLACES = 1u;
const STEPS = vec4u(0u, 1u, 2u, 3u);
const HALVES = 0x00ff00ffu;
const FULL = 248u;  // channels that were added since the last carry

// Sums of one term since the last carry, in four steps: outputs 0 and 2, 1 and 3, 4 and 6, 5 and 7; and how many spikes they are of.
struct Open {
  w02: vec4u,
  w13: vec4u,
  w46: vec4u,
  w57: vec4u,
  count: vec4u,
}

@compute @workgroup_size(64)
fn fusedSpikes(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = (group.z * groups.x + group.x) * 64u + local;
  let share = index % layer.tiles;  // tile of this dispatch's weights
  let tile = layer.firstTile + share;
  let n = index / layer.tiles % layer.batch;
  let place = index / layer.tiles / layer.batch;
  let stride = layer.height * layer.width * layer.batch;
  if (place * layer.batch >= stride || n >= chunk.images) { return; }
  let live = min(8u, layer.channels - tile * 8u);
  let at = place * layer.batch + n;
  let word = tile * stride + at;
  let own = layer.membranes + tile * 8u * stride + at;
#if ${windowed}
  var cells = cellsOf(tile, at, stride, spikes[layer.states + word]);
#else
  var cells = cellsOf(tile, at, stride, 0u);
#endif
  var neurons = Neurons();
  loadPlace(&neurons, &cells, own, stride, 0u);
  for (var g = 0u; g * 4u < chunk.steps; g++) {
    var current = Currents();
    for (var t = 0u; t < layer.terms; t++) {
      var term = layer.term[t];
      if (!comesNow(&term)) { continue; }
      let scale = weightsOf(&term, g);
      if (term.kind == IDENTITY) {
        addIdentity(&current, &term, scale, tile, g, n, place);
      } else {
        addEvents(&current, &term, scale, tile, share, g, n, place);
      }
    }
    let words = stepPlace(&neurons, &current, &cells, stepsOfGroup(g), 0u);
    storeSpikes(words, g, word, live);
  }
  let total = storePlace(&neurons, own, stride, live, sendsNow(), 0u);
  endPlace(word, cells.firing);
  if (total != 0u) { atomicAdd(&counters[layer.counter], total); }
}

fn addEvents(sums: ptr<function, Currents>, term: ptr<function, SpikeTerm>, scale: vec4i, tile: u32, share: u32, g: u32, n: u32, place: u32) {
  // the source channels that any of the outputs reads
  let first = tile * 8u / (*term).groupOutputs * (*term).groupInputs;
  let last = (min(tile * 8u + 7u, layer.channels - 1u) / (*term).groupOutputs + 1u) * (*term).groupInputs;
  var open = Open();
  var added = 0u;
  for (var ky = 0u; ky < (*term).kernelHeight; ky++) {
    let iy = i32(place / layer.width * (*term).strideY + ky * (*term).dilationY) - i32((*term).padTop);
    if (iy < 0 || iy >= i32((*term).height)) { continue; }
    for (var kx = 0u; kx < (*term).kernelWidth; kx++) {
      let ix = i32(place % layer.width * (*term).strideX + kx * (*term).dilationX) - i32((*term).padLeft);
      if (ix < 0 || ix >= i32((*term).width)) { continue; }
      let pixel = (*term).source + g * (*term).groupStride + (u32(iy) * (*term).width + u32(ix)) * layer.batch + n;
      for (var source = first / 8u; source * 8u < last; source++) {
        if (added == FULL) {
          carry(sums, open, term, scale, tile);
          open = Open();
          added = 0u;
        }
        added += 8u;
        var rest = spikes[pixel + source * (*term).height * (*term).width * layer.batch];
        while (rest != 0u) {
          let nibble = firstTrailingBit(rest) / 4u;
          let c = source * 8u + (nibble >> 1u) + (nibble & 1u) * 4u;
          let on = vec4u(0u) - ((vec4u(rest >> (nibble * 4u)) >> STEPS) & vec4u(1u));
          let w = events[(*term).events + ((c * (*term).kernelHeight + ky) * (*term).kernelWidth + kx) * layer.tiles + share];
          open.w02 += vec4u(w.x & HALVES) & on;
          open.w13 += vec4u((w.x >> 8u) & HALVES) & on;
          open.w46 += vec4u(w.y & HALVES) & on;
          open.w57 += vec4u((w.y >> 8u) & HALVES) & on;
          open.count -= on;
          rest &= ~(15u << (nibble * 4u));
        }
      }
    }
  }
  carry(sums, open, term, scale, tile);
}

// Weights are stored plus 128: that many times the spikes are too much.
fn carry(sums: ptr<function, Currents>, open: Open, term: ptr<function, SpikeTerm>, scale: vec4i, tile: u32) {
  let bias = vec4i(open.count << vec4u(7u));
  (*sums)[0] += (vec4i(open.w02 & vec4u(0xffffu)) - bias) * (scale << shiftOf(term, tile, 0u));
  (*sums)[1] += (vec4i(open.w13 & vec4u(0xffffu)) - bias) * (scale << shiftOf(term, tile, 1u));
  (*sums)[2] += (vec4i(open.w02 >> vec4u(16u)) - bias) * (scale << shiftOf(term, tile, 2u));
  (*sums)[3] += (vec4i(open.w13 >> vec4u(16u)) - bias) * (scale << shiftOf(term, tile, 3u));
  (*sums)[4] += (vec4i(open.w46 & vec4u(0xffffu)) - bias) * (scale << shiftOf(term, tile, 4u));
  (*sums)[5] += (vec4i(open.w57 & vec4u(0xffffu)) - bias) * (scale << shiftOf(term, tile, 5u));
  (*sums)[6] += (vec4i(open.w46 >> vec4u(16u)) - bias) * (scale << shiftOf(term, tile, 6u));
  (*sums)[7] += (vec4i(open.w57 >> vec4u(16u)) - bias) * (scale << shiftOf(term, tile, 7u));
}

// How far the sums of channel u of a term are shifted.
fn shiftOf(term: ptr<function, SpikeTerm>, tile: u32, u: u32) -> vec4u {
  return vec4u(u32(channels[(*term).row + tile * 8u + u].x));
}

// A shortcut without parameters: the same place and channel, times one integer a channel.
fn addIdentity(sums: ptr<function, Currents>, term: ptr<function, SpikeTerm>, scale: vec4i, tile: u32, g: u32, n: u32, place: u32) {
  let word = spikes[(*term).source + g * (*term).groupStride + (tile * layer.height * layer.width + place) * layer.batch + n];
  addIdentityChannel(sums, term, scale, word, tile, 0u);
  addIdentityChannel(sums, term, scale, word, tile, 1u);
  addIdentityChannel(sums, term, scale, word, tile, 2u);
  addIdentityChannel(sums, term, scale, word, tile, 3u);
  addIdentityChannel(sums, term, scale, word, tile, 4u);
  addIdentityChannel(sums, term, scale, word, tile, 5u);
  addIdentityChannel(sums, term, scale, word, tile, 6u);
  addIdentityChannel(sums, term, scale, word, tile, 7u);
}

fn addIdentityChannel(sums: ptr<function, Currents>, term: ptr<function, SpikeTerm>, scale: vec4i, word: u32, tile: u32, u: u32) {
  let w = (channels[(*term).row + tile * 8u + u].y * scale) << shiftOf(term, tile, u);
  (*sums)[u] += vec4i((vec4u(word) >> (STEPS + vec4u(spikeBit(u, 0u)))) & vec4u(1u)) * w;
}
