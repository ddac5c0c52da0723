// The neurons of `depthwise`: what a window has brought becomes words, which are written and counted.

// The window's end and the firing window of a row, whose first pixel is `first`: bias, clamp, word. Writes the words and returns how many
// spikes they are.
fn fire(v: ptr<function, Membranes>, first: u32, cells: Cells, place: Place, wave: u32) -> u32 {
  let a0 = firePixel(v, cells, first);
  let a1 = firePixel(v, cells, first + 1u);
  let a2 = firePixel(v, cells, first + 2u);
  let a3 = firePixel(v, cells, first + 3u);
  let row = (place.block * layer.height + place.y) * layer.width + place.x;
  let at = layer.destination + wave * layer.waveStride + row * layer.batch + place.n;
  return store(a0, at, place, 0u) + store(a1, at, place, 1u) + store(a2, at, place, 2u) + store(a3, at, place, 3u);
}

fn firePixel(v: ptr<function, Membranes>, cells: Cells, i: u32) -> vec4u {
  let a = fireChannel(v, 4u * i, cells.bias.x, cells.grid.x);
  let b = fireChannel(v, 4u * i + 1u, cells.bias.y, cells.grid.y);
  let c = fireChannel(v, 4u * i + 2u, cells.bias.z, cells.grid.z);
  let d = fireChannel(v, 4u * i + 3u, cells.bias.w, cells.grid.w);
  return a | (b << vec4u(8u)) | (c << vec4u(16u)) | (d << vec4u(24u));
}

fn fireChannel(v: ptr<function, Membranes>, i: u32, bias: i32, grid: u32) -> vec4u {
  let before = clamp((*v)[i] + vec4i(bias), vec4i(-LIMIT), vec4i(LIMIT));
  let word = clamp(before >> vec4u(grid), vec4i(0), vec4i(i32(layer.maxWord)));
  (*v)[i] = before - (word << vec4u(grid));
  return vec4u(word);
}

// Which of the four of pixel i there are.
fn areThere(place: Place, i: u32) -> vec4<bool> {
#if ${wide}
  return vec4<bool>(place.inside && place.x + i < layer.width) & (vec4u(place.n) + FOUR < vec4u(batch.images));
#else
  return vec4<bool>(place.inside) & (vec4u(place.x + i) + FOUR * PIXELS < vec4u(layer.width));
#endif
}

// Writes the words of pixel i, whose pixel 0 lies at `at`, and returns their spikes. Images behind the batch's last have room in the layout.
fn store(four: vec4u, at: u32, place: Place, i: u32) -> u32 {
  let there = areThere(place, i);
#if ${wide}
  if (there.x) { words[(at + i * layer.batch) / 4u] = four; }
#else
  if (there.x) { words[at + i * layer.batch] = four.x; }
  if (there.y) { words[at + (i + PIXELS) * layer.batch] = four.y; }
  if (there.z) { words[at + (i + 2u * PIXELS) * layer.batch] = four.z; }
  if (there.w) { words[at + (i + 3u * PIXELS) * layer.batch] = four.w; }
#endif
  let ones = select(vec4u(0u), countOneBits(four), there);
  return ones.x + ones.y + ones.z + ones.w;
}

#if ${keepMembranes}
// Of channel c of pixel i.
fn keepMembranes(v: vec4i, place: Place, i: u32, c: u32) {
  let channel = place.block * 4u + c;
  let there = areThere(place, i);
  for (var j = 0u; j < 4u; j++) {
#if ${wide}
    let at = i * layer.batch + j;
#else
    let at = (i + j * PIXELS) * layer.batch;
#endif
    if (channel < layer.channels && there[j]) {
      membranes[layer.membranes + ((channel * layer.height + place.y) * layer.width + place.x) * layer.batch + place.n + at] = v[j];
    }
  }
}
#endif
