// convolve-spikes: as `convolve`, the same bits, driven by spikes: only channels that send anything in four steps cost a load.
// Spikes: lib/steps. Weights: [term][input channel][ky][kx][quad of 4 output channels], 4 bytes (plus 128) to a u32. Currents:
// [group of 4 steps][channel, whole tiles of 8][y][x][image], a vec4i of four steps.
// One invocation: 4 output channels of one place of one image, all steps of the chunk; neighbours are the place's other output
// channels, so they see the same spikes. A term's sums stand in 16 bits each, two to a u32, and are carried over before 257
// of them could overflow. No races: an invocation writes the currents of its own channels, place and image.

@group(0) @binding(0) var<storage, read> spikes: array<u32>;
@group(0) @binding(1) var<storage, read> events: array<u32>;
@group(0) @binding(2) var<uniform> layer: SpikeLayer;
@group(0) @binding(3) var<uniform> chunk: Chunk;
@group(0) @binding(4) var<storage, read> channels: array<vec4i>;  // bias, g, V(0) | identity weight
@group(0) @binding(5) var<storage, read_write> currents: array<vec4i>;

const STEPS = vec4u(0u, 1u, 2u, 3u);
const HALVES = 0x00ff00ffu;
const FULL = 248u;  // channels that were added since the last carry

// Four output channels, each in four steps.
alias Quad = array<vec4i, 4>;

@compute @workgroup_size(64)
fn convolveSpikes(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = (group.z * groups.x + group.x) * 64u + local;
  let quads = (layer.channels + 3u) / 4u;
  let quad = index % quads;
  let n = index / quads % layer.batch;
  let place = index / quads / layer.batch;
  let area = layer.height * layer.width;
  if (place >= area || n >= chunk.images) { return; }
  let tiles = (layer.channels + 7u) / 8u;
  for (var g = chunk.place / 4u; g * 4u < chunk.place + chunk.steps; g++) {
    var sums = Quad();
    for (var t = 0u; t < layer.terms; t++) {
      var term = layer.term[t];
      if (chunk.window < term.first || (chunk.window - term.first) % term.every != 0u) { continue; }
      if (term.kind == IDENTITY) { addIdentity(&sums, &term, quad, g, n, place); } else { addEvents(&sums, &term, quad, quads, g, n, place); }
    }
    let at = (g * tiles * 8u + quad * 4u) * area * layer.batch + place * layer.batch + n;
    for (var i = 0u; i < 4u; i++) {
      currents[at + i * area * layer.batch] = sums[i];
    }
  }
}

fn addEvents(sums: ptr<function, Quad>, term: ptr<function, SpikeTerm>, quad: u32, quads: u32, g: u32, n: u32, place: u32) {
  // the source channels that any of the four outputs reads
  let first = quad * 4u / (*term).groupOutputs * (*term).groupInputs;
  let last = (min(quad * 4u + 3u, layer.channels - 1u) / (*term).groupOutputs + 1u) * (*term).groupInputs;
  var low = vec4u();   // outputs 0 and 2, in four steps
  var high = vec4u();  // outputs 1 and 3
  var count = vec4u();
  var added = 0u;
  for (var ky = 0u; ky < (*term).kernelHeight; ky++) {
    let iy = i32(place / layer.width * (*term).strideY + ky * (*term).dilationY) - i32((*term).padTop);
    if (iy < 0 || iy >= i32((*term).height)) { continue; }
    for (var kx = 0u; kx < (*term).kernelWidth; kx++) {
      let ix = i32(place % layer.width * (*term).strideX + kx * (*term).dilationX) - i32((*term).padLeft);
      if (ix < 0 || ix >= i32((*term).width)) { continue; }
      let pixel = (*term).source + g * (*term).groupStride + (u32(iy) * (*term).width + u32(ix)) * layer.batch + n;
      for (var tile = first / 8u; tile * 8u < last; tile++) {
        if (added == FULL) {
          carry(sums, low, high, count, (*term).shift);
          low = vec4u();
          high = vec4u();
          count = vec4u();
          added = 0u;
        }
        added += 8u;
        var rest = spikes[pixel + tile * (*term).height * (*term).width * layer.batch];
        while (rest != 0u) {
          let nibble = firstTrailingBit(rest) / 4u;
          let c = tile * 8u + (nibble >> 1u) + (nibble & 1u) * 4u;
          let on = vec4u(0u) - ((vec4u(rest >> (nibble * 4u)) >> STEPS) & vec4u(1u));
          let w = events[(*term).events + ((c * (*term).kernelHeight + ky) * (*term).kernelWidth + kx) * quads + quad];
          low += vec4u(w & HALVES) & on;
          high += vec4u((w >> 8u) & HALVES) & on;
          count -= on;
          rest &= ~(15u << (nibble * 4u));
        }
      }
    }
  }
  carry(sums, low, high, count, (*term).shift);
}

// Weights are stored plus 128: that many times the spikes are too much.
fn carry(sums: ptr<function, Quad>, low: vec4u, high: vec4u, count: vec4u, shift: u32) {
  let bias = vec4i(count << vec4u(7u));
  (*sums)[0] += (vec4i(low & vec4u(0xffffu)) - bias) << vec4u(shift);
  (*sums)[1] += (vec4i(high & vec4u(0xffffu)) - bias) << vec4u(shift);
  (*sums)[2] += (vec4i(low >> vec4u(16u)) - bias) << vec4u(shift);
  (*sums)[3] += (vec4i(high >> vec4u(16u)) - bias) << vec4u(shift);
}

// A shortcut without parameters: the same place and channel, times one integer a channel.
fn addIdentity(sums: ptr<function, Quad>, term: ptr<function, SpikeTerm>, quad: u32, g: u32, n: u32, place: u32) {
  let word = spikes[(*term).source + g * (*term).groupStride + (quad / 2u * layer.height * layer.width + place) * layer.batch + n];
  for (var i = 0u; i < 4u; i++) {
    let w = channels[(*term).weights + quad * 4u + i].x << (*term).shift;
    let bits = STEPS + vec4u(spikeBit(quad % 2u * 4u + i, 0u));
    (*sums)[i] += vec4i((vec4u(word) >> bits) & vec4u(1u)) * w;
  }
}
