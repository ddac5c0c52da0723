// The bistable neuron, as `src/neuron/bistable.ts`. The clamp at a window's end is the kernel `flip`'s.

fn spikeWeight(moment: Moment) -> i32 {
  return 1i << (moment.phaseBits - 1u - moment.phase);
}

fn synapseWeight(bits: u32, phase: u32) -> i32 {
  return 1i << (bits - 1u - phase);
}

// `begins`: the first step of an integrating window.
fn arriving(current: i32, drive: i32, begins: bool) -> i32 {
  return current + select(0, drive, begins);
}

fn fire(v: i32, g: i32, most: u32, moment: Moment, firing: bool, sent: i32) -> Fired {
  let charge = chargeOf(g, 1i << (moment.phaseBits - 1u - moment.phase));
  let spikes = firing & (v >= charge);
  return Fired(v - select(0, charge, spikes), i32(spikes), u32(spikes));
}
