// The synchronous neurons of a layer (specification, section 5): a row of them on each shortcut. Each holds what it was sent until its
// partner's window and repeats it, so a row is a ring of as many steps: what was sent `hold` steps ago comes out, and what the layer
// sends now takes its place. The ring is a train whose step t mod `hold` is step t. `spikes`, `layer` and `chunk` are the kernel's.

// Holds back the words of 8 channels of one plane, place and image in all steps of the chunk. They belong to the invocation that wrote them, and
// so do theirs in rings and outgoing trains. @param word where they lie in each group of the train
fn holdBack(word: u32) {
  for (var i = 0u; i < layer.lines; i++) {
    let line = layer.line[i];
    for (var g = 0u; g * 4u < chunk.steps; g++) {
      let at = g * layer.groupStride + word;
      let arriving = spikes[layer.destination + at];
      var leaving = 0u;
      for (var k = 0u; k < 4u && inChunk(g * 4u + k); k++) {
        let place = (chunk.step + g * 4u + k) % line.hold;
        let slot = line.ring + place / 4u * layer.groupStride + word;
        let shift = place % 4u;
        let held = spikes[slot];
        leaving |= ((held >> shift) & STEP_BITS) << k;
        spikes[slot] = (held & ~(STEP_BITS << shift)) | (((arriving >> k) & STEP_BITS) << shift);
      }
      spikes[line.sent + at] = leaving;
    }
  }
}
