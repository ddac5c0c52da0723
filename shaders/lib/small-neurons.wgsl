// The bistable neurons of one invocation of `accumulate-small`: 4 columns of CHANNELS output channels, in blocks of 4; what they sum, and how.
// Stands on `lib/place` and `lib/bytes`. Written out channel by channel, as `lib/neurons`: no array may leave the registers.

// Of channel u, four columns.
alias Membranes = array<vec4i, CHANNELS>;
// Of channel u; the last are the sums of the words alone.
alias Sums = array<Lanes, CHANNELS + 1u>;

fn startOf(channel: u32) -> Membranes {
  let v0 = startOfChannel(channel);
  let v1 = startOfChannel(channel + 1u);
  let v2 = startOfChannel(channel + 2u);
  let v3 = startOfChannel(channel + 3u);
#if ${eight}
  let v4 = startOfChannel(channel + 4u);
  let v5 = startOfChannel(channel + 5u);
  let v6 = startOfChannel(channel + 6u);
  let v7 = startOfChannel(channel + 7u);
  return Membranes(v0, v1, v2, v3, v4, v5, v6, v7);
#else
  return Membranes(v0, v1, v2, v3);
#endif
}

fn startOfChannel(channel: u32) -> vec4i {
  return vec4i(entryOf(layer.channelBase, 0u, channel).z);
}

// Four channels of four words times the weights of the output channels: w0 of the first block, w4 of the second.
fn tap(sums: ptr<function, Sums>, four: vec4u, w0: vec4u, w4: vec4u) {
  let a = unpack(four);
  tapBlock(sums, a, w0, 0u);
#if ${eight}
  tapBlock(sums, a, w4, 4u);
#endif
}

fn tapBlock(sums: ptr<function, Sums>, a: Unpacked, w: vec4u, u: u32) {
  (*sums)[u] += dots(a, w.x);
  (*sums)[u + 1u] += dots(a, w.y);
  (*sums)[u + 2u] += dots(a, w.z);
  (*sums)[u + 3u] += dots(a, w.w);
}

// The membranes integrate a term's sums, each channel's shifted to the membrane's grid.
fn addSums(v: ptr<function, Membranes>, sums: ptr<function, Sums>, term: ptr<function, Term>, channel: u32) {
  addBlock(v, sums, term, channel, 0u);
#if ${eight}
  addBlock(v, sums, term, channel, 4u);
#endif
}

fn addBlock(v: ptr<function, Membranes>, sums: ptr<function, Sums>, term: ptr<function, Term>, channel: u32, u: u32) {
  addChannel(v, sums, term, channel, u);
  addChannel(v, sums, term, channel, u + 1u);
  addChannel(v, sums, term, channel, u + 2u);
  addChannel(v, sums, term, channel, u + 3u);
}

fn addChannel(v: ptr<function, Membranes>, sums: ptr<function, Sums>, term: ptr<function, Term>, channel: u32, u: u32) {
  let entry = entryOf((*term).row, 0u, channel + u);
  (*v)[u] += signedSum((*sums)[u], (*sums)[CHANNELS]) << vec4u((*term).shift + u32(entry.x));
}

#if ${pixels}
fn addCurrent(v: ptr<function, Membranes>, current: ptr<function, Membranes>) {
  (*v)[0] += (*current)[0];
  (*v)[1] += (*current)[1];
  (*v)[2] += (*current)[2];
  (*v)[3] += (*current)[3];
#if ${eight}
  (*v)[4] += (*current)[4];
  (*v)[5] += (*current)[5];
  (*v)[6] += (*current)[6];
  (*v)[7] += (*current)[7];
#endif
}
#endif

#if ${identity}
// A shortcut without parameters: the same place and channel, times one integer a channel.
fn addIdentity(v: ptr<function, Membranes>, term: ptr<function, Term>, channel: u32, wave: u32, place: Place) {
  addIdentityBlock(v, term, channel, wave, place, 0u);
#if ${eight}
  addIdentityBlock(v, term, channel, wave, place, 4u);
#endif
}

// The words of a block of the source; of the last block where there is none.
fn addIdentityBlock(v: ptr<function, Membranes>, term: ptr<function, Term>, channel: u32, wave: u32, place: Place, u: u32) {
  let block = min((channel + u) / 4u, (layer.channels + 3u) / 4u - 1u);
  let step = place.step;
  let at = (*term).source + wave * (*term).waveStride + block * layer.height * layer.width * layer.batch + place.at;
  let four = vec4u(words[at], words[at + step], words[at + 2u * step], words[at + 3u * step]);
  addIdentityChannel(v, term, byteOf(four, 0u), channel, u);
  addIdentityChannel(v, term, byteOf(four, 1u), channel, u + 1u);
  addIdentityChannel(v, term, byteOf(four, 2u), channel, u + 2u);
  addIdentityChannel(v, term, byteOf(four, 3u), channel, u + 3u);
}

fn addIdentityChannel(v: ptr<function, Membranes>, term: ptr<function, Term>, word: vec4u, channel: u32, u: u32) {
  let entry = entryOf((*term).row, 0u, channel + u);
  (*v)[u] += (vec4i(word) * entry.y) << vec4u((*term).shift + u32(entry.x));
}
#endif

// The window's end and the firing window: bias, clamp, word. Writes the words and returns how many spikes they are.
fn fire(v: ptr<function, Membranes>, channel: u32, wave: u32, place: Place) -> u32 {
#if ${eight}
  return fireBlock(v, channel, wave, place, 0u) + fireBlock(v, channel, wave, place, 4u);
#else
  return fireBlock(v, channel, wave, place, 0u);
#endif
}

// What is beyond the map, the batch or the last block is not there.
fn fireBlock(v: ptr<function, Membranes>, channel: u32, wave: u32, place: Place, u: u32) -> u32 {
  let a = fireChannel(v, channel, u);
  let b = fireChannel(v, channel, u + 1u);
  let c = fireChannel(v, channel, u + 2u);
  let d = fireChannel(v, channel, u + 3u);
  let four = a | (b << vec4u(8u)) | (c << vec4u(16u)) | (d << vec4u(24u));
  let block = (channel + u) / 4u;
  let at = layer.destination + wave * layer.waveStride + block * layer.height * layer.width * layer.batch + place.at;
  return storeFour(four, block < (layer.channels + 3u) / 4u, at, place, 0u);
}

fn fireChannel(v: ptr<function, Membranes>, channel: u32, u: u32) -> vec4u {
  let entry = entryOf(layer.channelBase, 0u, channel + u);
  let grid = vec4u(u32(entry.y));
  let before = clamp((*v)[u] + vec4i(entry.x), vec4i(-LIMIT), vec4i(LIMIT));
  let word = clamp(before >> grid, vec4i(0), vec4i(i32(layer.maxWord)));
  (*v)[u] = before - (word << grid);
  return vec4u(word);
}

#if ${keepMembranes}
fn keepMembranes(v: ptr<function, Membranes>, channel: u32, place: Place) {
  for (var u = 0u; u < CHANNELS; u++) {
    for (var i = 0u; i < COLUMNS; i++) { keepMembrane((*v)[u][i], channel + u, i, place); }
  }
}
#endif
