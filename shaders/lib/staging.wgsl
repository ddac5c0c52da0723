// What a workgroup of 64 invocations stages of a term's words and weights, for 64 output channels × 64 columns; each invocation brings those
// of one column and of one output channel. Columns are places of the map and images in one line, as words lie: (y · width + x) · batch + image.
// Blocks of 4 source channels come tap by tap, of each tap one after another, without a gap between taps: a source of 16 channels fills what
// is staged at once with those of two taps. `words`, `weights` and `layer` are the kernel's.

const COLUMNS = 64u;  // and channels of a workgroup

// Where an invocation stands in a term.
struct Reader {
  words: u32,    // first word of the source's map for this image
  y: i32,        // where the first tap lies
  x: i32,
  weights: u32,  // first u32 of this output channel's weights
  ky: u32,       // the tap …
  kx: u32,
  at: u32,       // … its word in the first block …
  inside: bool,  // … and whether it is on the map
  block: u32,
  left: u32,     // blocks of all taps that are still to come
}

// Before the first block of a term: an invocation brings the words of `column` and the weights of output channel `channel` from tile `share` on.
fn readerOf(term: ptr<function, Term>, column: u32, share: u32, channel: u32, wave: u32) -> Reader {
  let pixel = column / layer.batch;
  var reader = Reader();
  reader.words = (*term).source + wave * (*term).waveStride + column % layer.batch;
  reader.y = i32(pixel / layer.width * (*term).strideY) - i32((*term).padTop);
  reader.x = i32(pixel % layer.width * (*term).strideX) - i32((*term).padLeft);
  reader.weights = ((share + channel / 8u) * layer.tileWeights + (*term).weights) * 4u + channel % 8u;
  reader.left = (*term).kernelHeight * (*term).kernelWidth * (*term).blocks;
  startTap(term, &reader);
  return reader;
}

fn startTap(term: ptr<function, Term>, reader: ptr<function, Reader>) {
  let y = (*reader).y + i32((*reader).ky * (*term).dilationY);
  let x = (*reader).x + i32((*reader).kx * (*term).dilationX);
  (*reader).inside = y >= 0 && y < i32((*term).height) && x >= 0 && x < i32((*term).width);
  (*reader).at = (*reader).words + u32(y * i32((*term).width) + x) * layer.batch;
}

// The next block's word and weights; zeros behind the last.
fn nextBlock(term: ptr<function, Term>, reader: ptr<function, Reader>) -> vec2u {
  if ((*reader).left == 0u) { return vec2u(0u); }
  let block = (*reader).block;
  let area = (*term).height * (*term).width * layer.batch;
  let tap = (block * (*term).kernelHeight + (*reader).ky) * (*term).kernelWidth + (*reader).kx;
  let index = (*reader).weights + tap * 8u;
  let word = words[select((*term).pad + block * (*term).padStride, (*reader).at + block * area, (*reader).inside)];
  let weight = weights[index / 4u][index % 4u];
  (*reader).left -= 1u;
  (*reader).block += 1u;
  if ((*reader).block == (*term).blocks) {
    (*reader).block = 0u;
    (*reader).kx += 1u;
    if ((*reader).kx == (*term).kernelWidth) {
      (*reader).kx = 0u;
      (*reader).ky += 1u;
    }
    startTap(term, reader);
  }
  return vec2u(word, weight);
}
