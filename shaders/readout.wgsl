// readout: the last layer, which integrates and never fires (specification, sections 2 and 6), for all images and waves.
// After phase k of a wave the spikes so far are the words' k + 1 upper bits; what the wave has brought then is
//
//     b + Σ_t (Σ_i w_t,i · (word_i with its lower bits cleared)) · 2^s_t
//
// which is below 2^30. The host adds up the waves, however many there are.
// Out: [wave · K + phase][image][class]. Weights as in `accumulate`.
// One invocation: 8 classes of one image and wave, after up to four phases, so that weights are read once for the four. Classes
// are written out one by one with constant indices, as in `lib/neurons`. Nobody else writes its potentials.
// Uses lib/layer

@group(0) @binding(0) var<storage, read_write> words: array<u32>;
@group(0) @binding(1) var<storage, read> weights: array<vec4u>;
@group(0) @binding(2) var<uniform> layer: Layer;
@group(0) @binding(3) var<uniform> batch: Batch;
@group(0) @binding(4) var<storage, read> channels: array<vec4i>;          // bias | shift, identity weight
@group(0) @binding(5) var<storage, read_write> potentials: array<i32>;

// [u]: class u of the tile after the four phases.
alias Classes = array<vec4i, 8>;
// [c]: byte c of four words, of the four phases.
alias Bytes = array<vec4i, 4>;

// What has been sent of a source's words after the four phases.
struct Sent {
  first: vec4u,  // the word of its first place
  bits: vec4u,   // those that have been sent, in each of four bytes
  pooled: bool,  // phase by phase: each is a word of its own
}

@compute @workgroup_size(64)
fn readout(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = (group.z * groups.x + group.x) * 64u + local;
  let quads = (layer.window + 3u) / 4u;
  let n = index % layer.batch;
  let wave = index / layer.batch / quads;
  let phase = index / layer.batch % quads * 4u;
  let share = group.y;  // tile of this dispatch's weights
  let tile = layer.firstTile + share;
  if (wave >= layer.waves || n >= batch.images) { return; }
  var classes = biasesOf(tile);
  for (var t = 0u; t < layer.terms; t++) {
    var term = layer.term[t];
    let sent = sentOf(&term, wave, phase);
    if (term.kind == IDENTITY) {
      addIdentity(&classes, &term, tile, sent, n);
    } else {
      addConvolution(&classes, &term, tile, share, sent, n);
    }
  }
  let first = ((wave * layer.window + phase) * layer.batch + n) * layer.channels + tile * 8u;
  let left = layer.channels - tile * 8u;
  keep(classes[0], first, phase);
  if (1u < left) { keep(classes[1], first + 1u, phase); }
  if (2u < left) { keep(classes[2], first + 2u, phase); }
  if (3u < left) { keep(classes[3], first + 3u, phase); }
  if (4u < left) { keep(classes[4], first + 4u, phase); }
  if (5u < left) { keep(classes[5], first + 5u, phase); }
  if (6u < left) { keep(classes[6], first + 6u, phase); }
  if (7u < left) { keep(classes[7], first + 7u, phase); }
}

// A class's potentials after the phases that there are.
fn keep(potential: vec4i, first: u32, phase: u32) {
  let stride = layer.batch * layer.channels;
  potentials[first] = potential.x;
  if (phase + 1u < layer.window) { potentials[first + stride] = potential.y; }
  if (phase + 2u < layer.window) { potentials[first + 2u * stride] = potential.z; }
  if (phase + 3u < layer.window) { potentials[first + 3u * stride] = potential.w; }
}

fn biasesOf(tile: u32) -> Classes {
  let at = layer.channelBase + tile * 8u;
  return Classes(
    vec4i(channels[at + 0u].x),
    vec4i(channels[at + 1u].x),
    vec4i(channels[at + 2u].x),
    vec4i(channels[at + 3u].x),
    vec4i(channels[at + 4u].x),
    vec4i(channels[at + 5u].x),
    vec4i(channels[at + 6u].x),
    vec4i(channels[at + 7u].x),
  );
}

// Bits that have not been sent yet are cleared; of pixels and of pooled prefixes (`phases` > 1) none are.
fn sentOf(term: ptr<function, Term>, wave: u32, phase: u32) -> Sent {
  // a word that is shorter than the window is whole from its last bit on
  let last = vec4u((*term).bits - 1u);
  let bit = min(vec4u(phase) + vec4u(0u, 1u, 2u, 3u), last);
  let pooled = (*term).phases > 1u;
  let instant = select(vec4u(wave), wave * (*term).phases + bit, pooled);
  let rest = select(last - bit, vec4u(0u), pooled || (*term).waveStride == 0u);
  return Sent((*term).source + instant * (*term).waveStride, ((vec4u(0xffu) << rest) & vec4u(0xffu)) * vec4u(0x01010101u), pooled);
}

// The words of a place, counted from the source's first.
fn wordsAt(sent: Sent, place: u32) -> vec4u {
  let at = sent.first + vec4u(place);
  var word = vec4u(words[at.x]);
  if (sent.pooled) { word = vec4u(word.x, words[at.y], words[at.z], words[at.w]); }
  return word & sent.bits;
}

fn addConvolution(classes: ptr<function, Classes>, term: ptr<function, Term>, tile: u32, share: u32, sent: Sent, n: u32) {
  let first = firstBlock(term, tile);
  var w = share * layer.tileWeights + (*term).weights;
  var sums = Classes();
  for (var q = first; q < first + (*term).blocks; q++) {
    let pad = words[(*term).pad + q * (*term).padStride];
    for (var ky = 0u; ky < (*term).kernelHeight; ky++) {
      let y = i32(ky * (*term).dilationY) - i32((*term).padTop);
      let isRow = y >= 0 && y < i32((*term).height);
      let row = (q * (*term).height + u32(y)) * (*term).width;
      for (var kx = 0u; kx < (*term).kernelWidth; kx++) {
        let x = i32(kx * (*term).dilationX) - i32((*term).padLeft);
        var word = vec4u(pad);
        if (isRow && x >= 0 && x < i32((*term).width)) { word = wordsAt(sent, (row + u32(x)) * layer.batch + n); }
        addTap(&sums, word, weights[w], weights[w + 1u]);
        w += 2u;
      }
    }
  }
  let at = (*term).row + tile * 8u;
  (*classes)[0] += sums[0] << vec4u((*term).shift + u32(channels[at + 0u].x));
  (*classes)[1] += sums[1] << vec4u((*term).shift + u32(channels[at + 1u].x));
  (*classes)[2] += sums[2] << vec4u((*term).shift + u32(channels[at + 2u].x));
  (*classes)[3] += sums[3] << vec4u((*term).shift + u32(channels[at + 3u].x));
  (*classes)[4] += sums[4] << vec4u((*term).shift + u32(channels[at + 4u].x));
  (*classes)[5] += sums[5] << vec4u((*term).shift + u32(channels[at + 5u].x));
  (*classes)[6] += sums[6] << vec4u((*term).shift + u32(channels[at + 6u].x));
  (*classes)[7] += sums[7] << vec4u((*term).shift + u32(channels[at + 7u].x));
}

// Words times the weights of eight classes, four of whose channels are bytes of a u32.
fn addTap(sums: ptr<function, Classes>, word: vec4u, near: vec4u, far: vec4u) {
  let bytes = Bytes(byteOf(word, 0u), byteOf(word, 1u), byteOf(word, 2u), byteOf(word, 3u));
  (*sums)[0] += product(bytes, near.x);
  (*sums)[1] += product(bytes, near.y);
  (*sums)[2] += product(bytes, near.z);
  (*sums)[3] += product(bytes, near.w);
  (*sums)[4] += product(bytes, far.x);
  (*sums)[5] += product(bytes, far.y);
  (*sums)[6] += product(bytes, far.z);
  (*sums)[7] += product(bytes, far.w);
}

fn byteOf(word: vec4u, c: u32) -> vec4i {
  return vec4i((word >> vec4u(8u * c)) & vec4u(0xffu));
}

// Σ of four products: bytes of words times bytes of weights, which are stored plus 128.
fn product(bytes: Bytes, weight: u32) -> vec4i {
  let w = vec4i(vec4u(weight, weight >> 8u, weight >> 16u, weight >> 24u) & vec4u(0xffu)) - vec4i(128);
  return bytes[0] * w.x + bytes[1] * w.y + bytes[2] * w.z + bytes[3] * w.w;
}

fn addIdentity(classes: ptr<function, Classes>, term: ptr<function, Term>, tile: u32, sent: Sent, n: u32) {
  let near = wordsAt(sent, 2u * tile * layer.batch + n);
  let far = wordsAt(sent, min(2u * tile + 1u, (layer.channels - 1u) / 4u) * layer.batch + n);  // a block that is there
  (*classes)[0] += same(byteOf(near, 0u), term, tile * 8u + 0u);
  (*classes)[1] += same(byteOf(near, 1u), term, tile * 8u + 1u);
  (*classes)[2] += same(byteOf(near, 2u), term, tile * 8u + 2u);
  (*classes)[3] += same(byteOf(near, 3u), term, tile * 8u + 3u);
  (*classes)[4] += same(byteOf(far, 0u), term, tile * 8u + 4u);
  (*classes)[5] += same(byteOf(far, 1u), term, tile * 8u + 5u);
  (*classes)[6] += same(byteOf(far, 2u), term, tile * 8u + 6u);
  (*classes)[7] += same(byteOf(far, 3u), term, tile * 8u + 7u);
}

// What an identity brings to class o.
fn same(byte: vec4i, term: ptr<function, Term>, o: u32) -> vec4i {
  let entry = channels[(*term).row + o];
  return (byte * entry.y) << vec4u((*term).shift + u32(entry.x));
}
