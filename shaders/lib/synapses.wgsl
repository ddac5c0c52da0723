// What the spikes of a term weigh: by their plane, and by the phase in which they were sent (the neuron's `synapseWeight`).

// In the four steps of a group.
fn weightsOf(term: ptr<function, SpikeTerm>, group: u32) -> vec4i {
  let phases = since(group, (*term).offset, (*term).period);
  let bits = (*term).bits;
  return (*term).weight * vec4i(synapseWeight(bits, phases.x), synapseWeight(bits, phases.y), synapseWeight(bits, phases.z), synapseWeight(bits, phases.w));
}
