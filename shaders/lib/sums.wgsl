// The currents of one invocation's 8 channels × 8 columns while a term is summed, as `Membranes`; [16] and [17] are the sums of
// the words alone. Stands on `lib/bytes` and `lib/neurons`.
alias Sums = array<Lanes, 18>;

// Four channels of eight columns times the weights of eight output channels.
fn tap(sums: ptr<function, Sums>, near: vec4u, far: vec4u, w0: vec4u, w4: vec4u) {
  let a = unpack(near);
  let b = unpack(far);
  (*sums)[0] += dots(a, w0.x);
  (*sums)[1] += dots(b, w0.x);
  (*sums)[2] += dots(a, w0.y);
  (*sums)[3] += dots(b, w0.y);
  (*sums)[4] += dots(a, w0.z);
  (*sums)[5] += dots(b, w0.z);
  (*sums)[6] += dots(a, w0.w);
  (*sums)[7] += dots(b, w0.w);
  (*sums)[8] += dots(a, w4.x);
  (*sums)[9] += dots(b, w4.x);
  (*sums)[10] += dots(a, w4.y);
  (*sums)[11] += dots(b, w4.y);
  (*sums)[12] += dots(a, w4.z);
  (*sums)[13] += dots(b, w4.z);
  (*sums)[14] += dots(a, w4.w);
  (*sums)[15] += dots(b, w4.w);
}

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
