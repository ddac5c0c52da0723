// What the membranes of `lib/neurons` take in when a term has been summed by `lib/tap`.

// The membrane integrates a term's sums. Where g < 0 it counts in units of θ.
fn addSums(v: ptr<function, Membranes>, sums: ptr<function, Sums>, tile: u32, shift: u32) {
  addChannel(v, sums, tile, shift, 0u);
  addChannel(v, sums, tile, shift, 1u);
  addChannel(v, sums, tile, shift, 2u);
  addChannel(v, sums, tile, shift, 3u);
  addChannel(v, sums, tile, shift, 4u);
  addChannel(v, sums, tile, shift, 5u);
  addChannel(v, sums, tile, shift, 6u);
  addChannel(v, sums, tile, shift, 7u);
}

fn addChannel(v: ptr<function, Membranes>, sums: ptr<function, Sums>, tile: u32, shift: u32, u: u32) {
  let near = entryOf(tile, u);
  let far = farEntryOf(tile, u, near);
  (*v)[2u * u] += signedSum((*sums)[2u * u], (*sums)[16]) << vec4u(shift + u32(near.z));
  (*v)[2u * u + 1u] += signedSum((*sums)[2u * u + 1u], (*sums)[17]) << vec4u(shift + u32(far.z));
}
