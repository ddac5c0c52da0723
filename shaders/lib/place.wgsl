// Where an invocation's neurons lie: their channels' entries in the table, and how their words and membranes are stored. A kernel that stands
// on this declares `words`, `layer`, `channels`, `membranes` and says by `isThere` which columns exist.

const LIMIT = 1073741823;  // 2^30 − 1

// Where the columns of an invocation lie.
struct Place {
  at: u32,        // word of column 0 within a block of channels: (y · width + x) · batch + image
  step: u32,      // words from a column to the next
  x: u32,
  n: u32,         // image
  inside: bool,   // the row is on the map
}

// Channel u of the tile in a row of the table: its bias, g and V(0), or of a term how far its sums are shifted, and an identity's weight.
fn entryOf(row: u32, tile: u32, u: u32) -> vec4i {
#if ${broadcast}
  return subgroupBroadcast(channels[row + tile * 8u + u], 0u);
#else
  return channels[row + tile * 8u + u];
#endif
}

// Four columns from column i on.
fn storeFour(words: vec4u, exists: bool, at: u32, place: Place, i: u32) -> u32 {
  return store(words.x, exists, at, place, i) + store(words.y, exists, at, place, i + 1u)
    + store(words.z, exists, at, place, i + 2u) + store(words.w, exists, at, place, i + 3u);
}

fn store(word: u32, exists: bool, at: u32, place: Place, i: u32) -> u32 {
  let there = exists && isThere(place, i);
  if (there) { words[at + i * place.step] = word; }
  return select(0u, countOneBits(word), there);
}

#if ${keepMembranes}
fn keepMembrane(v: i32, channel: u32, i: u32, place: Place) {
  let at = layer.membranes + channel * layer.height * layer.width * layer.batch + place.at + i * place.step;
  if (channel < min(layer.channels, 8u * (layer.firstTile + layer.tiles)) && isThere(place, i)) { membranes[at] = v; }
}
#endif
