// What the kernels of the stepped engine share. Steps are numbered from the image's onset. A chunk is a run of steps that one
// dispatch computes; for windowed neurons no depth changes its state within one. The first step of a chunk is step 0 of every
// train: trains hold one chunk, and all times are worked out from the timetable's numbers (`src/network/timetable.ts`).
//
// Spikes are bits, 32 to a u32: 8 channels × 4 steps. Step k (0 … 3) of channel c (0 … 7) is bit
//
//     (c mod 4) · 8 + (c div 4) · 4 + k
//
// so that (word >> (4 · half + k)) & 0x01010101 are the spikes of four channels in one step, a byte each. A train lies as
// [group of 4 steps][plane][tile of 8 channels][y][x][image]; plane p counts 2^p (bursts, words and sums of several spikes), and the
// last one of words that may be negative −2^p.

const CONVOLUTION = 0u;
const IDENTITY = 1u;
const MAX_TERMS = 256u;
const MAX_LINES = 128u;
const STEP_BITS = 0x11111111u;  // the spikes of all 8 channels in one step, shifted by k
const SUM_LIMIT = 1073741824;  // 2^30; membranes stay below

// The steps that are computed now; the host copies it here before each chunk.
struct Chunk {
  step: u32,    // the first
  steps: u32,
  row: u32,     // of the potentials, where the first step's go
  images: u32,  // of this batch; the rest of the layout is empty
}

// One summand of a layer.
struct SpikeTerm {
  @align(16) kind: u32,
  source: u32,          // first word of the source's plane
  groupStride: u32,     // words from one group of steps to the next
  pad: u32,             // pixels: word that stands for padding in block 0 …
  padStride: u32,       // … and how far apart those of the blocks are
  height: u32,
  width: u32,
  blocks: u32,          // blocks of 4 source channels that one tile of outputs reads
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
  events: u32,          // spike-driven convolution: first vec2u of its weights
  weight: i32,          // what a spike of this plane counts, but for its phase: ±2^plane
  first: u32,           // first step in which the source's words come here …
  offset: u32,          // … (step + offset) mod period is a step's phase in a word …
  period: u32,
  bits: u32,            // … and so many phases a word has: K of the source
}

// A row of synchronous neurons on a shortcut (lib/synchronous).
struct DelayLine {
  @align(16) sent: u32,  // first word of the train that comes out
  ring: u32,             // first word of what is held
  hold: u32,             // steps
}

struct SpikeLayer {
  channels: u32,
  height: u32,
  width: u32,
  batch: u32,           // images in the layout
  lanes: u32,           // fused, readout-steps: invocations along the images
  stepX: u32,           // from the first to the second pixel of an invocation: 1 and 0, or 0 and `lanes`
  stepN: u32,
  tilesX: u32,
  firstTile: u32,       // of the output channels, 8 a tile
  tiles: u32,           // of this dispatch
  tileWeights: u32,     // vec4u of one tile
  destination: u32,     // first word of the layer's train
  groupStride: u32,
  planes: u32,
  most: u32,            // spikes in one step, at most
  phaseBits: u32,       // K
  first: u32,           // windowed: the first step that integrates
  offset: u32,          // (step + offset) mod period: steps since a window's beginning; step mod K without windows
  period: u32,
  window: u32,          // steps in which a windowed layer integrates; then it fires for K
  channelBase: u32,     // first entry of `channels`
  counter: u32,
  membranes: u32,       // first entry of `membranes`, `counts` and `decoded`: [channel][y][x][image]
  drive: u32,           // first entry of `drive`, where the layer reads the pixels
  hasDrive: u32,
  states: u32,          // first word of the bistable states, [tile of 8 channels][y][x][image]
  start: u32,           // V is V(0) where a chunk begins with this step …
  again: u32,           // … or so many steps later, or twice as many
  lines: u32,
  line: array<DelayLine, MAX_LINES>,
  terms: u32,
  term: array<SpikeTerm, MAX_TERMS>,
}

// One step of a chunk.
struct Moment {
  phase: u32,
  phaseBits: u32,
}

// The steps of a group, counted from a window's beginning. Once a group and not once a neuron: a remainder costs more than all of a
// step.
fn since(group: u32, offset: u32, period: u32) -> vec4u {
  return (vec4u(chunk.step + 4u * group + offset) + vec4u(0u, 1u, 2u, 3u)) % vec4u(period);
}

// Whether a step, counted from the chunk's first, belongs to the chunk.
fn inChunk(step: u32) -> bool {
  return step < chunk.steps;
}

// The bit of channel u of a tile in step k of a group.
fn spikeBit(u: u32, k: u32) -> u32 {
  return (u & 3u) * 8u + (u >> 2u) * 4u + k;
}

// What was sent in one step, in how many spikes, and what that leaves in the membrane.
struct Fired {
  v: i32,
  word: i32,
  spikes: u32,
}

// V after what arrived in one step: ±2^30 at most.
fn receive(v: i32, arrived: i32) -> i32 {
  return v + clamp(arrived, -SUM_LIMIT, SUM_LIMIT);
}

// θ · factor, the charge of a spike; beyond 2^30 no membrane reaches it.
fn chargeOf(g: i32, factor: i32) -> i32 {
  return min(factor, SUM_LIMIT >> u32(g)) << u32(g);
}

// V of neurons without windows, after every step.
fn clampStep(v: i32) -> i32 {
  return clamp(v, 1 - SUM_LIMIT, SUM_LIMIT - 1);
}

// Whether the source's words come to a term in this chunk: in windows in which it is silent by its state nothing does.
fn comesNow(term: ptr<function, SpikeTerm>) -> bool {
  return chunk.step >= (*term).first && (chunk.step + (*term).offset) % (*term).period < (*term).bits;
}
