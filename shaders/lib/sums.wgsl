// What the membranes of `lib/neurons` take in when a term has been summed by `lib/tap`.

// The membrane integrates a term's sums. Where g < 0 it counts in units of θ.
fn addSums(v: ptr<function, Membranes>, sums: ptr<function, Sums>, tile: u32, shift: u32) {
  addChannel(v, sums, shift + u32(entryOf(tile, 0u).z), 0u);
  addChannel(v, sums, shift + u32(entryOf(tile, 1u).z), 1u);
  addChannel(v, sums, shift + u32(entryOf(tile, 2u).z), 2u);
  addChannel(v, sums, shift + u32(entryOf(tile, 3u).z), 3u);
  addChannel(v, sums, shift + u32(entryOf(tile, 4u).z), 4u);
  addChannel(v, sums, shift + u32(entryOf(tile, 5u).z), 5u);
  addChannel(v, sums, shift + u32(entryOf(tile, 6u).z), 6u);
  addChannel(v, sums, shift + u32(entryOf(tile, 7u).z), 7u);
}

fn addChannel(v: ptr<function, Membranes>, sums: ptr<function, Sums>, shift: u32, u: u32) {
  (*v)[2u * u] += signedSum((*sums)[2u * u], (*sums)[16]) << vec4u(shift);
  (*v)[2u * u + 1u] += signedSum((*sums)[2u * u + 1u], (*sums)[17]) << vec4u(shift);
}
