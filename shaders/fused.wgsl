// fused: `convolve` and `integrate` of a layer in one, for neurons without windows (specification, section 9): all steps of a
// chunk, membranes in registers, no currents in memory. The same code for both halves (lib/spike-sums, the neuron's library).
// Layouts as there. One invocation: 8 output channels × 2 pixels of a row (or 2 images where rows are short), all steps; it
// writes whole words of the train, 8 channels × 4 steps, so nobody else touches them.

@group(0) @binding(0) var<storage, read_write> spikes: array<u32>;
#if ${uniformWeights}
@group(0) @binding(1) var<uniform> weights: array<vec4u, 4096>;
#else
@group(0) @binding(1) var<storage, read> weights: array<vec4u>;
#endif
@group(0) @binding(2) var<uniform> layer: SpikeLayer;
@group(0) @binding(3) var<uniform> chunk: Chunk;
@group(0) @binding(4) var<storage, read> channels: array<vec4i>;  // bias, g, V(0) | identity weight
@group(0) @binding(5) var<storage, read_write> membranes: array<i32>;
@group(0) @binding(6) var<storage, read> drive: array<i32>;
@group(0) @binding(7) var<storage, read_write> counts: array<u32>;
@group(0) @binding(8) var<storage, read_write> decoded: array<u32>;
@group(0) @binding(9) var<storage, read_write> counters: array<atomic<u32>>;

override workgroupSize = 64u;

@compute @workgroup_size(workgroupSize)
fn fused(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = (group.z * groups.x + group.x) * workgroupSize + local;
  let tile = layer.firstTile + group.y;
  let n = index % layer.lanes;
  let x = index / layer.lanes % layer.tilesX * (layer.stepX + 1u);
  let y = index / layer.lanes / layer.tilesX;
#if ${broadcast}
  // lane 0 of every subgroup broadcasts weights and must stay: what is out of range is computed and not stored
#else
  if (y >= layer.height || n >= chunk.images) { return; }
#endif
  let stride = layer.height * layer.width * layer.batch;
  let step = layer.stepX * layer.batch + layer.stepN;
  let place = (y * layer.width + x) * layer.batch + n;
  let second = x + layer.stepX < layer.width && n + layer.stepN < chunk.images;
  var pixels = select(1u, 2u, second);
  if (y >= layer.height || x >= layer.width || n >= chunk.images) { pixels = 0u; }
  let live = min(8u, layer.channels - tile * 8u);

  var v = array<i32, 16>();  // [2 · channel + pixel]
  var sent = array<u32, 16>();
  var sum = array<u32, 16>();
  for (var i = 0u; i < live * pixels; i++) {
    let at = i / pixels * 2u + i % pixels;
    v[at] = membranes[layer.membranes + (tile * 8u + i / pixels) * stride + place + i % pixels * step];
  }
  for (var g = chunk.place / 4u; g * 4u < chunk.place + chunk.steps; g++) {
    var current = Currents();
    sumTerms(&current, tile, group.y, g, n, x, y);
    let phases = phasesOf(g, layer.phaseBits);
    let weightsNow = weightsOf(phases);
    for (var p = 0u; p < 2u; p++) {  // also what is out of range: lane 0 broadcasts
      var words = vec4u();
      for (var u = 0u; u < live; u++) {
        let channel = channelAt(layer.channelBase + tile * 8u + u);
        var input = channel.x;
        if (layer.hasDrive != 0u) { input = drive[layer.drive + (tile * 8u + u) * stride + place + p * step]; }
        let at = 2u * u + p;
        let after = fourSteps(g, phases, v[at], current[at], Cell(input, channel.y, true, true));
        v[at] = after.v;
        let one = after.spikes;
        sent[at] += one.x + one.y + one.z + one.w;
        sum[at] += one.x * weightsNow.x + one.y * weightsNow.y + one.z * weightsNow.z + one.w * weightsNow.w;
        for (var plane = 0u; plane < layer.planes; plane++) {
          words[plane] |= planeBits(one, plane, u);
        }
      }
      for (var plane = 0u; plane < layer.planes * u32(p < pixels); plane++) {
        spikes[layer.destination + g * layer.groupStride + plane * (layer.groupStride / layer.planes) + tile * stride + place + p * step] = words[plane];
      }
    }
  }
  var total = 0u;
  for (var i = 0u; i < live * pixels; i++) {
    let at = i / pixels * 2u + i % pixels;
    let own = layer.membranes + (tile * 8u + i / pixels) * stride + place + i % pixels * step;
    membranes[own] = v[at];
    total += sent[at];
    if (sent[at] != 0u) {
      counts[own] += sent[at];
      decoded[own] += sum[at];
    }
  }
  if (total != 0u) { atomicAdd(&counters[layer.counter], total); }
}
