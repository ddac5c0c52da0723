// The bistable neurons of one invocation: 8 channels × 8 columns (pixels or images), or `deep`, 16 channels × 4 columns, for the
// kernels that sum their currents. Stands on `lib/place`.
// Everything is written out channel by channel with constant indices: an array that a loop indexes stays in memory on
// software drivers, and every multiply-add with it.

// Channel u of the tile: [2u] holds columns 0 to 3; [2u + 1] columns 4 to 7 or, deep, channel u of the next tile. The first are
// called near, the others far.
alias Membranes = array<vec4i, 16>;

// The words of four channels, near and far.
struct Block {
  near: vec4u,
  far: vec4u,
}

// Channel u of the far neurons.
fn farEntryOf(row: u32, tile: u32, u: u32, near: vec4i) -> vec4i {
#if ${deep}
  return entryOf(row, tile + 1u, u);
#else
  return near;
#endif
}

fn startOf(tile: u32) -> Membranes {
  let v0 = vec4i(entryOf(layer.channelBase, tile, 0u).z);
  let v1 = vec4i(entryOf(layer.channelBase, tile, 1u).z);
  let v2 = vec4i(entryOf(layer.channelBase, tile, 2u).z);
  let v3 = vec4i(entryOf(layer.channelBase, tile, 3u).z);
  let v4 = vec4i(entryOf(layer.channelBase, tile, 4u).z);
  let v5 = vec4i(entryOf(layer.channelBase, tile, 5u).z);
  let v6 = vec4i(entryOf(layer.channelBase, tile, 6u).z);
  let v7 = vec4i(entryOf(layer.channelBase, tile, 7u).z);
#if ${deep}
  let w0 = vec4i(entryOf(layer.channelBase, tile + 1u, 0u).z);
  let w1 = vec4i(entryOf(layer.channelBase, tile + 1u, 1u).z);
  let w2 = vec4i(entryOf(layer.channelBase, tile + 1u, 2u).z);
  let w3 = vec4i(entryOf(layer.channelBase, tile + 1u, 3u).z);
  let w4 = vec4i(entryOf(layer.channelBase, tile + 1u, 4u).z);
  let w5 = vec4i(entryOf(layer.channelBase, tile + 1u, 5u).z);
  let w6 = vec4i(entryOf(layer.channelBase, tile + 1u, 6u).z);
  let w7 = vec4i(entryOf(layer.channelBase, tile + 1u, 7u).z);
  return Membranes(v0, w0, v1, w1, v2, w2, v3, w3, v4, w4, v5, w5, v6, w6, v7, w7);
#else
  return Membranes(v0, v0, v1, v1, v2, v2, v3, v3, v4, v4, v5, v5, v6, v6, v7, v7);
#endif
}

#if ${pixels}
fn addCurrent(v: ptr<function, Membranes>, current: ptr<function, Membranes>) {
  (*v)[0] += (*current)[0];
  (*v)[1] += (*current)[1];
  (*v)[2] += (*current)[2];
  (*v)[3] += (*current)[3];
  (*v)[4] += (*current)[4];
  (*v)[5] += (*current)[5];
  (*v)[6] += (*current)[6];
  (*v)[7] += (*current)[7];
  (*v)[8] += (*current)[8];
  (*v)[9] += (*current)[9];
  (*v)[10] += (*current)[10];
  (*v)[11] += (*current)[11];
  (*v)[12] += (*current)[12];
  (*v)[13] += (*current)[13];
  (*v)[14] += (*current)[14];
  (*v)[15] += (*current)[15];
}
#endif

#if ${identity}
// A shortcut without parameters: the same place and channel, times one integer a channel.
fn addIdentity(v: ptr<function, Membranes>, term: ptr<function, Term>, tile: u32, wave: u32, place: Place) {
  let words0 = blockAt(term, tile * 2u, wave, place);
  let words4 = blockAt(term, tile * 2u + 1u, wave, place);
  addIdentityChannel(v, term, words0, tile, 0u);
  addIdentityChannel(v, term, words0, tile, 1u);
  addIdentityChannel(v, term, words0, tile, 2u);
  addIdentityChannel(v, term, words0, tile, 3u);
  addIdentityChannel(v, term, words4, tile, 4u);
  addIdentityChannel(v, term, words4, tile, 5u);
  addIdentityChannel(v, term, words4, tile, 6u);
  addIdentityChannel(v, term, words4, tile, 7u);
}

// The eight words of a block of the source; of the last block where there is none.
fn blockAt(term: ptr<function, Term>, index: u32, wave: u32, place: Place) -> Block {
  let block = min(index, (layer.channels + 3u) / 4u - 1u);
  let step = place.step;
  let at = (*term).source + wave * (*term).waveStride + block * layer.height * layer.width * layer.batch + place.at;
  let near = vec4u(words[at], words[at + step], words[at + 2u * step], words[at + 3u * step]);
  let far = vec4u(words[at + 4u * step], words[at + 5u * step], words[at + 6u * step], words[at + 7u * step]);
  return Block(near, far);
}

fn addIdentityChannel(v: ptr<function, Membranes>, term: ptr<function, Term>, block: Block, tile: u32, u: u32) {
  let entry = entryOf((*term).row, tile, u);
  let shift = vec4u((*term).shift + u32(entry.x));
  (*v)[2u * u] += (vec4i(byteOf(block.near, u % 4u)) * entry.y) << shift;
  (*v)[2u * u + 1u] += (vec4i(byteOf(block.far, u % 4u)) * entry.y) << shift;
}
#endif

// The window's end and the firing window: bias, clamp, word. Writes the words and returns how many spikes they are.
fn fire(v: ptr<function, Membranes>, tile: u32, wave: u32, place: Place) -> u32 {
  var words0 = Block();
  var words4 = Block();
  fireChannel(v, &words0, tile, 0u);
  fireChannel(v, &words0, tile, 1u);
  fireChannel(v, &words0, tile, 2u);
  fireChannel(v, &words0, tile, 3u);
  fireChannel(v, &words4, tile, 4u);
  fireChannel(v, &words4, tile, 5u);
  fireChannel(v, &words4, tile, 6u);
  fireChannel(v, &words4, tile, 7u);
  return storeBlock(words0, tile * 2u, wave, place) + storeBlock(words4, tile * 2u + 1u, wave, place);
}

// Channel u of the tile: its words go into byte u % 4 of the block's.
fn fireChannel(v: ptr<function, Membranes>, block: ptr<function, Block>, tile: u32, u: u32) {
  let near = entryOf(layer.channelBase, tile, u);
  let far = farEntryOf(layer.channelBase, tile, u, near);
  let v0 = clamp((*v)[2u * u] + vec4i(near.x), vec4i(-LIMIT), vec4i(LIMIT));
  let v4 = clamp((*v)[2u * u + 1u] + vec4i(far.x), vec4i(-LIMIT), vec4i(LIMIT));
  let word0 = clamp(v0 >> vec4u(u32(near.y)), vec4i(0), vec4i(i32(layer.maxWord)));
  let word4 = clamp(v4 >> vec4u(u32(far.y)), vec4i(0), vec4i(i32(layer.maxWord)));
  (*v)[2u * u] = v0 - (word0 << vec4u(u32(near.y)));
  (*v)[2u * u + 1u] = v4 - (word4 << vec4u(u32(far.y)));
  (*block).near |= vec4u(word0) << vec4u(8u * (u % 4u));
  (*block).far |= vec4u(word4) << vec4u(8u * (u % 4u));
}

// Writes the words of a block; what is beyond the map, the batch or the last block is not there. Returns their spikes.
fn storeBlock(block: Block, index: u32, wave: u32, place: Place) -> u32 {
  let area = layer.height * layer.width * layer.batch;
  let exists = index < (layer.channels + 3u) / 4u;
  let at = layer.destination + wave * layer.waveStride + index * area + place.at;
  let near = storeFour(block.near, exists, at, place, 0u);
#if ${deep}
  // the next tile may be another dispatch's
  let farExists = index + 2u < min((layer.channels + 3u) / 4u, 2u * (layer.firstTile + layer.tiles));
  return near + storeFour(block.far, farExists, at + 2u * area, place, 0u);
#else
  return near + storeFour(block.far, exists, at, place, 4u);
#endif
}

#if ${keepMembranes}
fn keepMembranes(v: ptr<function, Membranes>, tile: u32, place: Place) {
  for (var u = 0u; u < 8u; u++) {
    for (var i = 0u; i < 8u; i++) {
#if ${deep}
      keepMembrane((*v)[2u * u + (i >> 2u)][i & 3u], (tile + (i >> 2u)) * 8u + u, i & 3u, place);
#else
      keepMembrane((*v)[2u * u + (i >> 2u)][i & 3u], tile * 8u + u, i, place);
#endif
    }
  }
}
#endif
