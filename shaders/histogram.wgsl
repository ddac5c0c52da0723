// histogram: distribution of one layer's positive activations over logarithmic bins (specification, section 4): the upper bits of
// their f32, which grow with the value and hold integers of 24 bits exactly. Zeros are not counted. Of the layer: exponent and 8 bits
// of mantissa, over all normal f32, in the greatest unit of its channels: an integer of another channel is one of fewer powers of two.
// Of each channel, in its own unit: exponent and 5 bits of mantissa, downwards from the channel's greatest integer, which an earlier
// run has found; what is far below it counts in the first bin.
// One invocation: four channels of one place of one image; one atomic add for each positive value.
// Uses lib/layer

struct Histogram {
  channels: u32,
  area: u32,      // height × width
  batch: u32,
  source: u32,    // first cell in the arena
  first: u32,     // of channels: first bin of this layer
  maxima: u32,    // first maximum, and first power, of this layer
}

const BINS = 65024u;
const SHIFT = 15u;
const MANTISSA = 23u;
const LOWEST = 256u;  // upper bits of 2^-126
const CHANNEL_BINS = 512u;
const CHANNEL_SHIFT = 18u;

@group(0) @binding(0) var<storage, read_write> cells: array<vec4i>;
@group(0) @binding(1) var<uniform> layer: Histogram;
@group(0) @binding(2) var<uniform> batch: Batch;
#if ${byChannel}
@group(0) @binding(3) var<storage, read_write> channelBins: array<atomic<u32>>;
#else
@group(0) @binding(4) var<storage, read_write> bins: array<atomic<u32>>;
@group(0) @binding(6) var<storage, read> powers: array<i32>;  // of two, from a channel's unit to the layer's
#endif
@group(0) @binding(5) var<storage, read_write> maxima: array<atomic<u32>>;

@compute @workgroup_size(64)
fn histogram(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = (group.z * groups.x + group.x) * 64u + local;
  let n = index % layer.batch;
  let place = index / layer.batch;
  let block = place / layer.area;
  if (block * 4u >= layer.channels || n >= batch.images) { return; }
  let cell = cells[layer.source + place * layer.batch + n];
  for (var c = 0u; c < 4u && block * 4u + c < layer.channels; c++) {
    if (cell[c] > 0) { count(block * 4u + c, u32(cell[c])); }
  }
}

// Counts an integer of a channel.
fn count(channel: u32, value: u32) {
  let bits = bitcast<u32>(f32(value));
#if ${byChannel}
  let top = bitcast<u32>(f32(atomicLoad(&maxima[layer.maxima + channel]))) >> CHANNEL_SHIFT;
  let below = top - min(bits >> CHANNEL_SHIFT, top);
  atomicAdd(&channelBins[layer.first + (channel + 1u) * CHANNEL_BINS - 1u - min(below, CHANNEL_BINS - 1u)], 1u);
#else
  let ofLayer = u32(i32(bits) + (powers[layer.maxima + channel] << MANTISSA));
  atomicAdd(&bins[clamp(ofLayer >> SHIFT, LOWEST, LOWEST + BINS - 1u) - LOWEST], 1u);
  // most values are no new maximum: a look costs less than an atomic maximum
  if (value > atomicLoad(&maxima[layer.maxima + channel])) { atomicMax(&maxima[layer.maxima + channel], value); }
#endif
}
