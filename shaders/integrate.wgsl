// integrate: the membranes of a layer over a chunk of steps (specification, section 2): V takes in what arrives, fires, and
// keeps the rest. The neuron is a library: `arriving`, `fire`, `spikeWeight`.
// Currents: [group of 4 steps][channel][y][x][image]; membranes, drive, counts, decoded: [channel][y][x][image]; the train:
// lib/steps. One invocation: 8 channels of one place of one image, all steps of the chunk: 8 vec4i loads and `planes` stores a
// group, and once 8 membranes and accumulators. No races: all of it belongs to this invocation alone.

@group(0) @binding(0) var<storage, read_write> spikes: array<u32>;
@group(0) @binding(1) var<storage, read> currents: array<vec4i>;
@group(0) @binding(2) var<uniform> layer: SpikeLayer;
@group(0) @binding(3) var<uniform> chunk: Chunk;
@group(0) @binding(4) var<storage, read> channels: array<vec4i>;  // bias, g, V(0)
@group(0) @binding(5) var<storage, read_write> membranes: array<i32>;
@group(0) @binding(6) var<storage, read> drive: array<i32>;
@group(0) @binding(7) var<storage, read_write> counts: array<u32>;
@group(0) @binding(8) var<storage, read_write> decoded: array<u32>;
@group(0) @binding(9) var<storage, read_write> counters: array<atomic<u32>>;

@compute @workgroup_size(64)
fn integrate(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = (group.z * groups.x + group.x) * 64u + local;
  let area = layer.height * layer.width;
  let n = index % layer.batch;
  let tile = index / layer.batch / area;
  if (tile * 8u >= layer.channels || n >= chunk.images) { return; }
  let stride = area * layer.batch;
  let own = layer.membranes + tile * 7u * stride + index;  // channel 8 · tile of this place and image
  let driven = layer.drive + tile * 7u * stride + index;
  let live = min(8u, layer.channels - tile * 8u);

  var v = array<i32, 8>();
  var sent = array<u32, 8>();
  var sum = array<u32, 8>();
  for (var u = 0u; u < live; u++) {
    v[u] = membranes[own + u * stride];
  }
#if ${windowed}
  let states = spikes[layer.states + index];
#else
  let states = 0u;
#endif
  for (var g = chunk.place / 4u; g * 4u < chunk.place + chunk.steps; g++) {
    let at = g * ((layer.channels + 7u) / 8u) * 8u * stride + tile * 7u * stride + index;
    let phases = phasesOf(g, layer.phaseBits);
    let weights = weightsOf(phases);
    var words = vec4u();
    for (var u = 0u; u < live; u++) {
      let channel = channels[layer.channelBase + tile * 8u + u];
      var input = channel.x;
      if (layer.hasDrive != 0u) { input = drive[driven + u * stride]; }
      var current = vec4i();
      if (layer.receives != 0u) { current = currents[at + u * stride]; }
      let firing = ((states >> spikeBit(u, 0u)) & 1u) == 1u;
      let after = fourSteps(g, phases, v[u], current, Cell(input, channel.y, firing, !firing && chunk.window >= layer.firstWindow));
      v[u] = after.v;
      sent[u] += dot(after.spikes, vec4u(1u));
      sum[u] += dot(after.spikes, weights);
      for (var plane = 0u; plane < layer.planes; plane++) {
        words[plane] |= planeBits(after.spikes, plane, u);
      }
    }
    for (var plane = 0u; plane < layer.planes; plane++) {
      spikes[layer.destination + g * layer.groupStride + plane * (layer.groupStride / layer.planes) + index] = words[plane];
    }
  }
  var total = 0u;
  for (var u = 0u; u < live; u++) {
    membranes[own + u * stride] = v[u];
    total += sent[u];
    if (sent[u] != 0u) {
      counts[own + u * stride] += sent[u];
      decoded[own + u * stride] += sum[u];
    }
  }
  if (total != 0u) { atomicAdd(&counters[layer.counter], total); }
}
