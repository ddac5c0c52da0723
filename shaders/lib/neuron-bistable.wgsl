// The bistable neuron, as `src/neuron/bistable.ts`. The clamp at a window's end is the kernel `flip`'s.

fn spikeWeight(moment: Moment) -> u32 {
  return 1u << (moment.phaseBits - 1u - moment.phase);
}

// `integrating`: the state of this neuron in this window.
fn arriving(current: i32, drive: i32, moment: Moment, integrating: bool) -> i32 {
  return (current << (moment.phaseBits - 1u - moment.phase)) + select(0, drive, integrating & (moment.phase == 0u));
}

fn fire(v: i32, g: i32, most: u32, moment: Moment, firing: bool) -> Fired {
  let charge = chargeOf(g, 1 << (moment.phaseBits - 1u - moment.phase));
  let spikes = firing & (v >= charge);
  return Fired(v - select(0, charge, spikes), u32(spikes));
}
