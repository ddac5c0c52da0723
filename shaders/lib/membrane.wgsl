// Four steps of one neuron, one after another: what `integrate` and `fused` share. The neuron's library gives `arriving` and
// `fire`; `layer` and `chunk` are the kernel's.

// A neuron during a chunk.
struct Cell {
  drive: i32,
  grid: i32,         // g
  firing: bool,      // its bistable state
  integrating: bool,
}

// V after four steps, and the spikes of each.
struct Sent {
  v: i32,
  spikes: vec4u,
}

// The steps of a group; those outside the chunk leave V as it is.
fn fourSteps(group: u32, phases: vec4u, v: i32, current: vec4i, cell: Cell) -> Sent {
  let a = oneStep(4u * group, phases.x, v, current.x, cell);
  let b = oneStep(4u * group + 1u, phases.y, a.v, current.y, cell);
  let c = oneStep(4u * group + 2u, phases.z, b.v, current.z, cell);
  let d = oneStep(4u * group + 3u, phases.w, c.v, current.w, cell);
  return Sent(d.v, vec4u(a.spikes, b.spikes, c.spikes, d.spikes));
}

fn oneStep(position: u32, phase: u32, v: i32, current: i32, cell: Cell) -> Fired {
  if (!inChunk(position)) { return Fired(v, 0u); }
  let moment = Moment(phase, layer.phaseBits);
  let arrived = arriving(current, cell.drive, moment, cell.integrating);
  return fire(receive(v, arrived, cell.grid), cell.grid, layer.most, moment, cell.firing);
}

// The weights of spikes in the steps of a group.
fn weightsOf(phases: vec4u) -> vec4u {
  let K = layer.phaseBits;
  return vec4u(spikeWeight(Moment(phases.x, K)), spikeWeight(Moment(phases.y, K)), spikeWeight(Moment(phases.z, K)), spikeWeight(Moment(phases.w, K)));
}

// One plane of the spikes of channel u, where they lie in a word.
fn planeBits(spikes: vec4u, plane: u32, u: u32) -> u32 {
  let bits = ((spikes >> vec4u(plane)) & vec4u(1u)) << vec4u(0u, 1u, 2u, 3u);
  return (bits.x | bits.y | bits.z | bits.w) << spikeBit(u, 0u);
}

// An entry of `channels` that is the same in the whole workgroup.
fn channelAt(i: u32) -> vec4i {
#if ${broadcast}
  return subgroupBroadcast(channels[i], 0u);
#else
  return channels[i];
#endif
}
