// histogram: distribution of one layer's positive activations over logarithmic bins (specification, section 4): exponent and
// the 11 upper bits of the mantissa of the f32, from 2^-16 to 2^16, so that a bin is at most 0.05 % wide. Zeros are not
// counted. One invocation: four channels of one place of one image; one atomic add for each positive value.
// Uses lib/layer

struct Histogram {
  channels: u32,
  area: u32,      // height × width
  batch: u32,
  source: u32,    // first cell in the arena
  first: u32,     // first bin of this layer
}

const BINS = 65536u;
const LOWEST = 227328u;  // bits of 2^-16, without the lower 12

@group(0) @binding(0) var<storage, read_write> cells: array<vec4f>;
@group(0) @binding(1) var<uniform> layer: Histogram;
@group(0) @binding(2) var<uniform> batch: Batch;
@group(0) @binding(3) var<storage, read_write> bins: array<atomic<u32>>;

@compute @workgroup_size(64)
fn histogram(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = (group.z * groups.x + group.x) * 64u + local;
  let n = index % layer.batch;
  let place = index / layer.batch;
  let block = place / layer.area;
  if (block * 4u >= layer.channels || n >= batch.images) { return; }
  let cell = cells[layer.source + place * layer.batch + n];
  for (var c = 0u; c < 4u && block * 4u + c < layer.channels; c++) {
    if (cell[c] > 0.0) {
      let bits = bitcast<u32>(cell[c]) >> 12u;
      atomicAdd(&bins[layer.first + min(max(bits, LOWEST) - LOWEST, BINS - 1u)], 1u);
    }
  }
}
