// pool-spikes: a pool passes its source's spikes on in the same step (specification, sections 7 and 8). Trains: lib/steps.
//   sum      the number of spikes in the window, as planes of bits: bit-sliced adders count 8 channels × 4 steps at once;
//   word     maximum of words, bits arriving most significant first: of the inputs still equal to the maximum so far the output
//            spikes if any does, and those that did not are out for the rest of the word;
//   count    the input with the most spikes so far, the first of the window where several have as many;
//   step     maximum of the words of each step;
//   total    maximum of the sums of words so far, which may be taken back: its change is what is sent.
// One invocation: 8 channels of one place of one image, all steps of the chunk. Inputs that are out, and counts, are kept for
// each of its window's places by itself: [place][tile of 8 channels][y][x][image] and [place][channel][y][x][image].
// Uses lib/steps, lib/synchronous

struct PoolSpikes {
  channels: u32,
  height: u32,
  width: u32,
  batch: u32,
  source: u32,          // first word of the source's train
  sourceGroupStride: u32,
  sourcePlanes: u32,
  sourceHeight: u32,
  sourceWidth: u32,
  destination: u32,
  groupStride: u32,
  planes: u32,
  memory: u32,          // first word of what is out, or of the counts
  offset: u32,          // (step + offset) mod period == window: a word begins
  period: u32,
  window: u32,
  kernelHeight: u32,
  kernelWidth: u32,
  strideY: u32,
  strideX: u32,
  padTop: u32,
  padLeft: u32,
  dilationY: u32,
  dilationX: u32,
  lines: u32,
  line: array<DelayLine, MAX_LINES>,
}

@group(0) @binding(0) var<storage, read_write> spikes: array<u32>;
@group(0) @binding(1) var<uniform> layer: PoolSpikes;
@group(0) @binding(2) var<uniform> chunk: Chunk;

const MAX_PLANES = 24u;
const NONE = -2147483647i;

@compute @workgroup_size(64)
fn poolSpikes(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = (group.z * groups.x + group.x) * 64u + local;
  let area = layer.height * layer.width;
  let tile = index / layer.batch / area;
  if (tile * 8u >= layer.channels || index % layer.batch >= chunk.images) { return; }
  for (var g = 0u; g * 4u < chunk.steps; g++) {
#if ${sum}
    sumGroup(g, index);
#elif ${byValue}
    valueGroup(g, index);
#else
    wordGroup(g, index);
#endif
  }
  for (var p = 0u; p < layer.planes; p++) {
    holdBack(p * (layer.groupStride / layer.planes) + index);
  }
}

// Where the word of a place of the window lies in one plane of the source; 0, a word without spikes, for padding.
fn sourceAt(g: u32, index: u32, ky: u32, kx: u32) -> u32 {
  let pixel = index / layer.batch % (layer.height * layer.width);
  let tile = index / layer.batch / (layer.height * layer.width);
  let y = i32(pixel / layer.width * layer.strideY + ky * layer.dilationY) - i32(layer.padTop);
  let x = i32(pixel % layer.width * layer.strideX + kx * layer.dilationX) - i32(layer.padLeft);
  if (y < 0 || y >= i32(layer.sourceHeight) || x < 0 || x >= i32(layer.sourceWidth)) { return 0u; }
  let at = ((tile * layer.sourceHeight + u32(y)) * layer.sourceWidth + u32(x)) * layer.batch + index % layer.batch;
  return layer.source + g * layer.sourceGroupStride + at;
}

#if ${sum}
fn sumGroup(g: u32, index: u32) {
  var planes = array<u32, MAX_PLANES>();
  let sourcePlane = layer.sourceGroupStride / layer.sourcePlanes;
  for (var ky = 0u; ky < layer.kernelHeight; ky++) {
    for (var kx = 0u; kx < layer.kernelWidth; kx++) {
      let at = sourceAt(g, index, ky, kx);
      if (at == 0u) { continue; }
      for (var p = 0u; p < layer.sourcePlanes; p++) {
        var last = p + 1u;
#if ${signed}
        // −2^p is the sum of all planes from p on, beyond which nothing is kept
        if (last == layer.sourcePlanes) { last = layer.planes; }
#endif
        for (var first = p; first < last; first++) {
          var carry = spikes[at + p * sourcePlane];
          for (var q = first; q < layer.planes && carry != 0u; q++) {
            let both = planes[q] & carry;
            planes[q] ^= carry;
            carry = both;
          }
        }
      }
    }
  }
  for (var q = 0u; q < layer.planes; q++) {
    spikes[layer.destination + g * layer.groupStride + q * (layer.groupStride / layer.planes) + index] = planes[q];
  }
}
#elif ${byValue}
fn valueGroup(g: u32, index: u32) {
  let sourcePlane = layer.sourceGroupStride / layer.sourcePlanes;
  let stride = layer.height * layer.width * layer.batch;
  let tiles = (layer.channels + 7u) / 8u;
  let own = layer.memory + index / stride * 7u * stride + index;  // channel 8 · tile, place 0
  var words = array<u32, 9>();
  for (var k = 0u; k < 4u; k++) {
    if (!inChunk(g * 4u + k)) { continue; }
    for (var u = 0u; u < 8u; u++) {
      var before = NONE;
      var most = NONE;
      var winner = 0;
      for (var ky = 0u; ky < layer.kernelHeight; ky++) {
        for (var kx = 0u; kx < layer.kernelWidth; kx++) {
          let at = sourceAt(g, index, ky, kx);
          if (at == 0u) { continue; }
          var bits = 0u;
          for (var p = 0u; p < layer.sourcePlanes; p++) {
            bits |= ((spikes[at + p * sourcePlane] >> spikeBit(u, k)) & 1u) << p;
          }
          var sent = i32(bits);
#if ${signed}
          sent = i32(bits << (32u - layer.sourcePlanes)) >> (32u - layer.sourcePlanes);
#endif
          var value = sent;
#if ${remembers}
          let counted = own + ((ky * layer.kernelWidth + kx) * tiles * 8u + u) * stride;
          before = max(before, i32(spikes[counted]));
          value += i32(spikes[counted]);
          spikes[counted] = u32(value);
#endif
          if (value > most) {
            most = value;
            winner = sent;
          }
        }
      }
#if ${signed}
      winner = most - before;
#endif
      for (var p = 0u; p < layer.planes; p++) {
        words[p] |= ((u32(winner) >> p) & 1u) << spikeBit(u, k);
      }
    }
  }
  for (var p = 0u; p < layer.planes; p++) {
    spikes[layer.destination + g * layer.groupStride + p * (layer.groupStride / layer.planes) + index] = words[p];
  }
}
#else
fn wordGroup(g: u32, index: u32) {
  let tiles = (layer.channels + 7u) / 8u;
  let stride = tiles * layer.height * layer.width * layer.batch;
  var word = 0u;
  let phases = since(g, layer.offset, layer.period);
  for (var k = 0u; k < 4u; k++) {
    if (!inChunk(g * 4u + k)) { continue; }
    let begins = phases[k] == layer.window;
    var pooled = 0u;
    for (var turn = 0u; turn < 2u; turn++) {  // first what spikes, then who is out
      for (var ky = 0u; ky < layer.kernelHeight; ky++) {
        for (var kx = 0u; kx < layer.kernelWidth; kx++) {
          let at = sourceAt(g, index, ky, kx);
          if (at == 0u) { continue; }
          let sent = (spikes[at] >> k) & STEP_BITS;
          let memory = layer.memory + (ky * layer.kernelWidth + kx) * stride + index;
          let out = select(spikes[memory], 0u, begins);
          if (turn == 0u) {
            pooled |= sent & ~out;
          } else {
            // read again: the first turn did not write
            spikes[memory] = out | (pooled & ~sent);
          }
        }
      }
    }
    word |= pooled << k;
  }
  spikes[layer.destination + g * layer.groupStride + index] = word;
}
#endif
