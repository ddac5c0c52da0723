// What the kernels of the stepped engine share. Steps are numbered from the image's onset. A chunk is a run of steps that one
// dispatch computes; for windowed neurons it lies within one window.
//
// Spikes are bits, 32 to a u32: 8 channels × 4 steps. Step k (0 … 3) of channel c (0 … 7) is bit
//
//     (c mod 4) · 8 + (c div 4) · 4 + k
//
// so that (word >> (4 · half + k)) & 0x01010101 are the spikes of four channels in one step, a byte each. A train lies as
// [group of 4 steps][plane][tile of 8 channels][y][x][image]; plane p counts 2^p (bursts and sums of several spikes).

const CONVOLUTION = 0u;
const IDENTITY = 1u;
const MAX_TERMS = 64u;
const STEP_BITS = 0x11111111u;  // the spikes of all 8 channels in one step, shifted by k
const UNIT_LIMIT = 1073741824;  // 2^30

// The steps that are computed now; the host copies it here before each chunk.
struct Chunk {
  step: u32,    // the first
  steps: u32,
  window: u32,  // step div K
  place: u32,   // where the first step's bits lie in a train: its phase for windowed neurons, else 0
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
  weights: u32,         // convolution: first vec4u within a tile's weights; identity: first entry of `channels`
  events: u32,          // spike-driven convolution: first vec2u of its weights
  shift: u32,           // a spike of this plane counts 2^shift
  first: u32,           // first window in which the source sends …
  every: u32,           // … and how many windows lie from one to the next
}

struct SpikeLayer {
  channels: u32,
  height: u32,
  width: u32,
  batch: u32,           // images in the layout
  lanes: u32,           // convolve, fused: invocations along the images
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
  phaseBits: u32,
  channelBase: u32,     // first entry of `channels`
  counter: u32,
  membranes: u32,       // first entry of `membranes`, `counts` and `decoded`: [channel][y][x][image]
  drive: u32,           // first entry of `drive`, where the layer reads the pixels
  hasDrive: u32,
  states: u32,          // first word of the bistable states, [tile of 8 channels][y][x][image]
  firstWindow: u32,     // windowed: the first that integrates
  receives: u32,        // 0 where no current comes in these steps
  terms: u32,
  term: array<SpikeTerm, MAX_TERMS>,
}

// One step of a chunk.
struct Moment {
  phase: u32,
  phaseBits: u32,
}

// The phases of the steps of a group. Once a group and not once a neuron: a remainder costs more than all of a step.
fn phasesOf(group: u32, phaseBits: u32) -> vec4u {
  let steps = vec4u(chunk.step + 4u * group) + vec4u(0u, 1u, 2u, 3u) - vec4u(chunk.place);
  // positions before the chunk would be steps before the first, and are not computed
  return select(steps % vec4u(phaseBits), vec4u(0u), vec4u(4u * group) + vec4u(0u, 1u, 2u, 3u) < vec4u(chunk.place));
}

// Whether a position of a train belongs to the chunk.
fn inChunk(position: u32) -> bool {
  return position >= chunk.place && position < chunk.place + chunk.steps;
}

// The bit of channel u of a tile in step k of a group.
fn spikeBit(u: u32, k: u32) -> u32 {
  return (u & 3u) * 8u + (u >> 2u) * 4u + k;
}

// What was sent in one step, and what that leaves in the membrane.
struct Fired {
  v: i32,
  spikes: u32,
}

// V after what arrived in one step: shifted left by −g where g < 0, by ±2^30 at most.
fn receive(v: i32, arrived: i32, g: i32) -> i32 {
  let shift = u32(max(0, -g));
  let most = UNIT_LIMIT >> shift;
  return v + (clamp(arrived, -most, most) << shift);
}

// θ · factor, the charge of a spike; beyond 2^30 no membrane reaches it.
fn chargeOf(g: i32, factor: i32) -> i32 {
  let shift = u32(max(0, g));
  return min(factor, UNIT_LIMIT >> shift) << shift;
}

// V of neurons without windows, after every step.
fn clampStep(v: i32) -> i32 {
  return clamp(v, 1 - UNIT_LIMIT, UNIT_LIMIT - 1);
}
