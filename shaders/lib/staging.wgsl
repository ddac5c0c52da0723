// What a workgroup of 64 invocations stages of a term's words and weights, for 64 output channels × 64 columns; each invocation brings those
// of one column and of one output channel. Columns are places of the map and images in one line, as words lie: (y · width + x) · batch + image.
// Blocks of 4 source channels come tap by tap, of each tap one after another, without a gap between taps: a source of 16 channels fills what
// is staged at once with those of two taps. `words`, `weights`, `layer` and `batch` are the kernel's.

const COLUMNS = 64u;  // and channels of a workgroup

fn isThere(place: Place, i: u32) -> bool {
  let column = place.at + i * place.step;
  return place.inside && column < layer.height * layer.width * layer.batch && column % layer.batch < batch.images;
}

// Where an invocation stands in a term.
struct Reader {
  words: u32,    // first word of the source's map for this image
  y: i32,        // where the first tap lies
  x: i32,
  weights: u32,  // first u32 of this output channel's weights
  ky: u32,       // the next tap, behind the last one kernelHeight …
  kx: u32,
  block: u32,    // … and block
}

// Before the first block of a term: an invocation brings the words of `column` and the weights of output channel `channel` from tile `share` on.
fn readerOf(term: ptr<function, Term>, column: u32, share: u32, channel: u32, wave: u32) -> Reader {
  let pixel = column / layer.batch;
  let source = (*term).source + wave * (*term).waveStride + column % layer.batch;
  let y = i32(pixel / layer.width * (*term).strideY) - i32((*term).padTop);
  let x = i32(pixel % layer.width * (*term).strideX) - i32((*term).padLeft);
  return Reader(source, y, x, ((share + channel / 8u) * layer.tileWeights + (*term).weights) * 4u + channel % 8u, 0u, 0u, 0u);
}

// The next block's word and weights; behind the last the word is 0. Does not branch, so that the loads of several blocks go out together.
fn nextBlock(term: ptr<function, Term>, reader: ptr<function, Reader>) -> vec2u {
  let r = *reader;
  let y = u32(r.y + i32(r.ky * (*term).dilationY));
  let x = u32(r.x + i32(r.kx * (*term).dilationX));
  let inside = (y < (*term).height) & (x < (*term).width);
  let at = r.words + ((r.block * (*term).height + y) * (*term).width + x) * layer.batch;
  let word = words[select((*term).pad + r.block * (*term).padStride, at, inside)];
  let live = r.ky < (*term).kernelHeight;
  let tap = (r.block * (*term).kernelHeight + r.ky) * (*term).kernelWidth + r.kx;
  let index = r.weights + select(0u, tap * 8u, live);
  let weight = weights[index / 4u][index % 4u];
  let endsTap = r.block + 1u == (*term).blocks;
  let endsRow = endsTap & (r.kx + 1u == (*term).kernelWidth);
  (*reader).block = select(r.block + 1u, 0u, endsTap);
  (*reader).kx = select(r.kx + select(0u, 1u, endsTap), 0u, endsRow);
  (*reader).ky = r.ky + select(0u, 1u, endsRow);
  return vec2u(select(0u, word, live), weight);
}
