// Integrate and fire with soft reset, up to `most` spikes a step, as `src/neuron/burst.ts` (and `if.ts`, where `most` is 1).

fn spikeWeight(moment: Moment) -> i32 {
  return 1i << moment.phaseBits;
}

fn synapseWeight(bits: u32, phase: u32) -> i32 {
  return 1i << bits;
}

fn arriving(current: i32, drive: i32, begins: bool) -> i32 {
  return current + drive;
}

fn fire(v: i32, g: i32, most: u32, moment: Moment, firing: bool, sent: i32) -> Fired {
  let shift = u32(g) + moment.phaseBits;  // the charge, θ·2^K, is at most 2^30
  let spikes = clamp(v >> shift, 0, i32(most));
  return Fired(clampStep(v - (spikes << shift)), spikes, u32(spikes));
}
