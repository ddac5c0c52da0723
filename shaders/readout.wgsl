// readout: the last layer, which integrates and never fires (specification, sections 2 and 6), for all images and waves.
// After phase k of a wave the spikes so far are the words' k + 1 upper bits; what the wave has brought then is
//
//     b + Σ_t (Σ_i w_t,i · (word_i with its lower bits cleared)) · 2^s_t
//
// which is below 2^30. The host adds up the waves, however many there are.
// Out: [wave · K + phase][image][class]. Weights as in `accumulate`. One invocation: 8 classes of one image.
// Uses lib/layer

@group(0) @binding(0) var<storage, read_write> words: array<u32>;
@group(0) @binding(1) var<storage, read> weights: array<vec4u>;
@group(0) @binding(2) var<uniform> layer: Layer;
@group(0) @binding(3) var<uniform> batch: Batch;
@group(0) @binding(4) var<storage, read> channels: array<vec4i>;          // bias | shift, identity weight
@group(0) @binding(5) var<storage, read_write> potentials: array<i32>;

alias Classes = array<i32, 8>;

@compute @workgroup_size(64)
fn readout(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let n = (group.z * groups.x + group.x) * 64u + local;
  let share = group.y;  // tile of this dispatch's weights
  let tile = layer.firstTile + share;
  if (n >= batch.images) { return; }
  for (var wave = 0u; wave < layer.waves; wave++) {
    for (var phase = 0u; phase < layer.window; phase++) {
      var potential = Classes();
      for (var u = 0u; u < 8u; u++) {
        potential[u] = channels[layer.channelBase + tile * 8u + u].x;
      }
      for (var t = 0u; t < layer.terms; t++) {
        var term = layer.term[t];
        if (term.kind == IDENTITY) {
          addIdentity(&potential, &term, tile, wave, phase, n);
        } else {
          addConvolution(&potential, &term, tile, share, wave, phase, n);
        }
      }
      for (var u = 0u; u < 8u && tile * 8u + u < layer.channels; u++) {
        potentials[((wave * layer.window + phase) * layer.batch + n) * layer.channels + tile * 8u + u] = potential[u];
      }
    }
  }
}

// The source's word with the bits that have not been sent yet cleared. Pixels, pooled prefixes (`phases` > 1) are whole.
fn prefix(term: ptr<function, Term>, wave: u32, phase: u32, at: u32) -> u32 {
  let stride = (*term).waveStride;
  // a word that is shorter than the window is whole from its last bit on
  let bit = min(phase, (*term).bits - 1u);
  let instant = select(wave * (*term).phases + bit, wave, (*term).phases == 1u);
  let word = words[(*term).source + instant * stride + at];
  if ((*term).phases > 1u || stride == 0u) { return word; }
  let rest = (*term).bits - 1u - bit;
  return word & ((((0xffu >> rest) << rest) & 0xffu) * 0x01010101u);
}

fn addConvolution(potential: ptr<function, Classes>, term: ptr<function, Term>, tile: u32, share: u32, wave: u32, phase: u32, n: u32) {
  let first = firstBlock(term, tile);
  var w = share * layer.tileWeights + (*term).weights;
  var sums = Classes();
  for (var q = first; q < first + (*term).blocks; q++) {
    for (var ky = 0u; ky < (*term).kernelHeight; ky++) {
      for (var kx = 0u; kx < (*term).kernelWidth; kx++) {
        let y = i32(ky * (*term).dilationY) - i32((*term).padTop);
        let x = i32(kx * (*term).dilationX) - i32((*term).padLeft);
        var word = words[(*term).pad + q * (*term).padStride];
        if (y >= 0 && y < i32((*term).height) && x >= 0 && x < i32((*term).width)) {
          let at = ((q * (*term).height + u32(y)) * (*term).width + u32(x)) * layer.batch + n;
          word = prefix(term, wave, phase, at);
        }
        for (var u = 0u; u < 8u; u++) {
          sums[u] += dotBytes(word, weights[w + u / 4u][u % 4u]);
        }
        w += 2u;
      }
    }
  }
  for (var u = 0u; u < 8u; u++) {
    (*potential)[u] += sums[u] << ((*term).shift + u32(channels[(*term).row + tile * 8u + u].x));
  }
}

fn addIdentity(potential: ptr<function, Classes>, term: ptr<function, Term>, tile: u32, wave: u32, phase: u32, n: u32) {
  for (var u = 0u; u < 8u; u++) {
    let o = tile * 8u + u;
    if (o < layer.channels) {
      let word = prefix(term, wave, phase, o / 4u * layer.batch + n);
      let byte = i32((word >> (8u * (o % 4u))) & 0xffu);
      let entry = channels[(*term).row + o];
      (*potential)[u] += (byte * entry.y) << ((*term).shift + u32(entry.x));
    }
  }
}

// Σ of four products: bytes of words times bytes of weights, which are stored plus 128.
fn dotBytes(word: u32, weight: u32) -> i32 {
  let a = vec4u(word, word >> 8u, word >> 16u, word >> 24u) & vec4u(0xffu);
  let b = vec4u(weight, weight >> 8u, weight >> 16u, weight >> 24u) & vec4u(0xffu);
  return dot(vec4i(a), vec4i(b) - vec4i(128));
}
