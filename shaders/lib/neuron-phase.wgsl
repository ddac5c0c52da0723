// The phase neuron, as `src/neuron/phase.ts`: the membrane counts in K-ths.

fn spikeWeight(moment: Moment) -> i32 {
  return 1i << (moment.phaseBits - 1u - moment.phase);
}

fn synapseWeight(bits: u32, phase: u32) -> i32 {
  return i32(bits << (bits - 1u - phase));
}

fn arriving(current: i32, drive: i32, begins: bool) -> i32 {
  return current + drive;
}

fn fire(v: i32, g: i32, most: u32, moment: Moment, firing: bool, sent: i32) -> Fired {
  let charge = chargeOf(g, i32(moment.phaseBits << (moment.phaseBits - 1u - moment.phase)));
  let spikes = v >= charge;
  return Fired(clampStep(v - select(0, charge, spikes)), i32(spikes), u32(spikes));
}
