// What one dispatch needs to know, shared by the kernels of the spiking network. The host derives every offset from here.

// Kinds of terms. Convolutions are told apart by the way that `accumulate` sums them: any window, rows of a kernel 3 wide with
// stride 1, or with stride 2.
const CONVOLUTION = 0u;
const IDENTITY = 1u;
const ROWS = 2u;
const STRIDED = 3u;
const MAX_TERMS = 128u;

// One summand. The source's words lie as [wave][block of 4 channels][y][x][image], four channels to a u32.
struct Term {
  @align(16) kind: u32,
  source: u32,          // first word in the arena
  waveStride: u32,      // words from one wave to the next; 0 for the input, whose pixels stay
  pad: u32,             // word that stands for padding in block 0 …
  padStride: u32,       // … and how far apart those of the blocks are
  height: u32,
  width: u32,
  blocks: u32,          // blocks of the source that one tile of outputs reads
  groupOutputs: u32,    // output and input channels of one group
  groupInputs: u32,
  kernelHeight: u32,
  kernelWidth: u32,
  strideY: u32,
  strideX: u32,
  padTop: u32,
  padLeft: u32,
  dilationY: u32,
  dilationX: u32,
  weights: u32,         // convolution: first vec4u within a tile's weights
  row: u32,             // first entry of `channels` of this term: how far its sums are shifted, and an identity's weight
  shift: u32,           // the source's bytes count 2^shift (upper bytes of sums)
  phases: u32,          // readout: 1 where word prefixes are masked out here, K where the source lies there phase by phase
  bits: u32,            // readout: K of the source
}

struct Layer {
  channels: u32,
  height: u32,
  width: u32,
  batch: u32,           // images in the layout
  lanes: u32,           // invocations along the images: batch, or batch / 8 where a tile is 8 images
  stepX: u32,           // from one pixel of a tile to the next: 1 and 0, or 0 and `lanes`
  stepN: u32,
  tilesX: u32,
  firstTile: u32,       // of the output channels, 8 a tile
  tiles: u32,           // of this dispatch
  tileWeights: u32,     // vec4u of one tile
  destination: u32,     // first word in the arena
  waveStride: u32,
  waves: u32,
  window: u32,          // readout: steps in which words come
  maxWord: u32,
  channelBase: u32,     // first entry of `channels`
  counter: u32,
  membranes: u32,       // first entry of `membranes`, where they are kept
  terms: u32,
  term: array<Term, MAX_TERMS>,
}

// Images of this batch; the rest of the layout is empty.
struct Batch {
  images: u32,
}

// The first block of a term's source that a tile of outputs reads.
fn firstBlock(term: ptr<function, Term>, tile: u32) -> u32 {
  return (tile * 8u / (*term).groupOutputs) * (*term).groupInputs / 4u;
}
