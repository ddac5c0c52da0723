// The words of a row of a source, for kernels that sum several taps of it at once. Stands on `lib/layer`; `words` are the kernel's.

// A row of a block of the source: where its first word would lie, and what stands for what is not there.
struct Row {
  start: i32,
  step: i32,    // words from a pixel to the next
  width: i32,   // 0 for a row outside the map
  pad: u32,
  nearest: u32, // first word of the nearest row that there is
}

fn rowOf(term: ptr<function, Term>, q: u32, ky: u32, wave: u32, n: u32, y: u32) -> Row {
  let iy = i32(y * (*term).strideY + ky * (*term).dilationY) - i32((*term).padTop);
  let width = i32((*term).width);
  let step = i32(layer.batch);
  let first = i32((*term).source + wave * (*term).waveStride + n);
  let start = first + (i32(q * (*term).height) + iy) * width * step;
  let nearest = first + (i32(q * (*term).height) + clamp(iy, 0, i32((*term).height) - 1)) * width * step;
  return Row(start, step, select(0, width, iy >= 0 && iy < i32((*term).height)), (*term).pad + q * (*term).padStride, u32(nearest));
}

fn wordAt(row: Row, x: i32) -> u32 {
  return words[select(row.pad, u32(row.start + x * row.step), x >= 0 && x < row.width)];
}

// A column of the source. Worked out before the loops over rows: software drivers take nothing out of them by themselves.
struct Column {
  x: i32,
  offset: u32,   // in words, of the nearest column that there is
  inside: bool,
}

fn columnOf(term: ptr<function, Term>, x: i32) -> Column {
  let nearest = clamp(x, 0, i32((*term).width) - 1);
  return Column(x, u32(nearest) * layer.batch, x == nearest);
}

fn wordOf(row: Row, column: Column) -> u32 {
#if ${padded}
  return wordAt(row, column.x);
#else
  return select(0u, words[row.nearest + column.offset], row.width > 0 && column.inside);
#endif
}
