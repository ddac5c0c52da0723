// integrate: the membranes of a layer over a chunk of steps (specification, section 2): V takes in what arrives, fires, and
// keeps the rest. The neuron is a library: `arriving`, `fire`, `spikeWeight`.
// Currents: [group of 4 steps][channel][y][x][image]; membranes, drive, counts, decoded: [channel][y][x][image]; the train:
// lib/steps. One invocation: 8 channels (a workgroup's tile) of one place of one image, all steps of the chunk: 8 vec4i loads and `planes` stores a
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

override workgroupSize = 64u;

@compute @workgroup_size(workgroupSize)
fn integrate(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = (group.z * groups.x + group.x) * workgroupSize + local;
  let tile = group.y;
  let stride = layer.height * layer.width * layer.batch;
  let inside = index < stride && index % layer.batch < chunk.images;
#if ${broadcast}
  // lane 0 of every subgroup broadcasts channels and must stay: what is out of range is computed and not stored
#else
  if (!inside) { return; }
#endif
  let own = layer.membranes + tile * 8u * stride + index;  // channel 8 · tile of this place and image
  let word = tile * stride + index;
  let live = min(8u, layer.channels - tile * 8u);

  // loops that run zero times where `if`s would do: drivers that mask lanes skip them
  var v = array<i32, 8>();
  var grid = array<i32, 8>();
  var input = array<i32, 8>();
  var sent = array<u32, 8>();
  var sum = array<u32, 8>();
  for (var u = 0u; u < live; u++) {
    let channel = channelAt(layer.channelBase + tile * 8u + u);
    input[u] = channel.x;
    grid[u] = channel.y;
    v[u] = membranes[own + u * stride];
  }
  for (var u = 0u; u < live * layer.hasDrive; u++) {
    input[u] = drive[layer.drive + (tile * 8u + u) * stride + index];
  }
#if ${windowed}
  let states = spikes[layer.states + word];
  let sends = select(0u, 1u, chunk.window > layer.firstWindow && (chunk.window - layer.firstWindow) % 2u == 1u);
#else
  let states = 0u;
  let sends = 1u;
#endif
  let first = index + tile * 8u * stride;
  for (var g = chunk.place / 4u; g * 4u < chunk.place + chunk.steps; g++) {
    var current = array<vec4i, 8>();
    for (var u = 0u; u < live * layer.receives; u++) {
      current[u] = currents[g * ((layer.channels + 7u) / 8u) * 8u * stride + first + u * stride];
    }
    let phases = phasesOf(g, layer.phaseBits);
    let weights = weightsOf(phases);
    var words = vec4u();
    for (var u = 0u; u < live; u++) {
      let firing = ((states >> spikeBit(u, 0u)) & 1u) == 1u;
      let cell = Cell(input[u], grid[u], firing, !firing && chunk.window >= layer.firstWindow);
      let after = fourSteps(g, phases, v[u], current[u], cell);
      v[u] = after.v;
      let one = after.spikes;
      sent[u] += one.x + one.y + one.z + one.w;
      sum[u] += one.x * weights.x + one.y * weights.y + one.z * weights.z + one.w * weights.w;
      for (var plane = 0u; plane < layer.planes; plane++) {
        words[plane] |= planeBits(one, plane, u);
      }
    }
    for (var plane = 0u; plane < layer.planes * u32(inside); plane++) {
      spikes[layer.destination + g * layer.groupStride + plane * (layer.groupStride / layer.planes) + word] = words[plane];
    }
  }
  var total = 0u;
  for (var u = 0u; u < live * u32(inside); u++) {
    membranes[own + u * stride] = v[u];
    total += sent[u];
  }
  for (var u = 0u; u < live * u32(inside) * sends; u++) {
    counts[own + u * stride] += sent[u];
    decoded[own + u * stride] += sum[u];
  }
  if (total != 0u) { atomicAdd(&counters[layer.counter], total); }
}
