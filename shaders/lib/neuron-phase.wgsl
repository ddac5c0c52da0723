// The phase neuron, as `src/neuron/phase.ts`: the membrane counts in K-ths.

fn spikeWeight(moment: Moment) -> u32 {
  return 1u << (moment.phaseBits - 1u - moment.phase);
}

fn arriving(current: i32, drive: i32, moment: Moment, integrating: bool) -> i32 {
  return current * i32(moment.phaseBits << (moment.phaseBits - 1u - moment.phase)) + drive;
}

fn fire(v: i32, g: i32, most: u32, moment: Moment, firing: bool) -> Fired {
  let charge = chargeOf(g, i32(moment.phaseBits << (moment.phaseBits - 1u - moment.phase)));
  let spikes = v >= charge;
  return Fired(clampStep(v - select(0, charge, spikes)), u32(spikes));
}
