// What the membranes of `lib/neurons` take in when a term has been summed by `lib/tap`.

// The membrane integrates a term's sums, each channel's shifted to the membrane's grid.
fn addSums(v: ptr<function, Membranes>, sums: ptr<function, Sums>, term: ptr<function, Term>, tile: u32) {
  addChannel(v, sums, term, tile, 0u);
  addChannel(v, sums, term, tile, 1u);
  addChannel(v, sums, term, tile, 2u);
  addChannel(v, sums, term, tile, 3u);
  addChannel(v, sums, term, tile, 4u);
  addChannel(v, sums, term, tile, 5u);
  addChannel(v, sums, term, tile, 6u);
  addChannel(v, sums, term, tile, 7u);
}

fn addChannel(v: ptr<function, Membranes>, sums: ptr<function, Sums>, term: ptr<function, Term>, tile: u32, u: u32) {
  let near = entryOf((*term).row, tile, u);
  let far = farEntryOf((*term).row, tile, u, near);
  (*v)[2u * u] += signedSum((*sums)[2u * u], (*sums)[16]) << vec4u((*term).shift + u32(near.x));
  (*v)[2u * u + 1u] += signedSum((*sums)[2u * u + 1u], (*sums)[17]) << vec4u((*term).shift + u32(far.x));
}
