// The multi-threshold neuron, as `src/neuron/multi.ts`: a word in every step. `most` is the largest, 2^n − 1.

fn spikeWeight(moment: Moment) -> i32 {
  return 1;
}

fn synapseWeight(bits: u32, phase: u32) -> i32 {
  return 1;
}

fn arriving(current: i32, drive: i32, begins: bool) -> i32 {
  return current + drive;
}

// `sent`: Σ words so far; never negative, so that no more is taken back than was sent.
fn fire(v: i32, g: i32, most: u32, moment: Moment, firing: bool, sent: i32) -> Fired {
  let shift = u32(g);
  let held = clampStep(v);
#if ${signed}
  let least = -min(sent, i32(most));
#else
  let least = 0;
#endif
  let word = clamp(held >> shift, least, i32(most));
  return Fired(held - (word << shift), word, countOneBits(u32(abs(word))));
}
