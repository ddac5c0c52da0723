// diagnose: the spikes of one layer against the trained network's activations of the same images (specification, section 10).
// Activations: [block of 4 channels][y][x][image] of vec4f; spikes and decoded sums: [channel][y][x][image]; fan-out:
// [channel][y][x]; shares: 1/λ a channel. A pair is one neuron in one image. One invocation: PAIRS pairs, WORKGROUP apart, so that neighbours read
// neighbours; a workgroup adds up its own in a tree and writes one `Partial`, which nobody else writes. The order of all
// additions is fixed, so a device gives the same sums every time.
// Uses lib/layer

const WORKGROUP = 64u;
const PAIRS = 64u;

struct Diagnose {
  neurons: u32,
  area: u32,         // height × width
  batch: u32,        // images in the layout of spikes
  cellBatch: u32,    // images in the layout of activations
  cells: u32,        // first cell of the layer
  counts: u32,       // first entry of the layer in `counts` and `decoded`
  fanOut: u32,       // first entry of the layer
  saturation: u32,   // what a neuron that fires whenever it may decodes to
  shares: u32,       // first entry of the layer in `shares`
  unit: u32,         // bits of an f32: what one unit of `decoded` stands for, in units of λ
  workgroups: u32,
  partials: u32,     // first partial of the layer
}

// In the order in which the host reads them (`kernels/diagnose.ts`).
struct Partial {
  inactive: u32,             // pairs whose activation is 0
  sin: u32,                  // of these, pairs with a spike
  spiking: u32,              // pairs with a spike
  saturated: u32,
  spikes: u32,
  operationsLow: u32,        // spikes · fan-out, 64 bits
  operationsHigh: u32,
  activation: f32,           // Σ a, in units of λ of the channel, as all that follow
  activationSquare: f32,     // Σ a²
  decoded: f32,              // Σ d, in units of `decoded`
  decodedSquare: f32,        // Σ d²
  product: f32,              // Σ a · d
  absoluteError: f32,        // Σ |d · unit − a|
}

@group(0) @binding(0) var<storage, read> cells: array<vec4f>;
@group(0) @binding(1) var<storage, read> counts: array<u32>;
@group(0) @binding(2) var<storage, read> decoded: array<i32>;
@group(0) @binding(3) var<storage, read> fanOut: array<u32>;
@group(0) @binding(4) var<storage, read> shares: array<f32>;
@group(0) @binding(5) var<uniform> layer: Diagnose;
@group(0) @binding(6) var<uniform> batch: Batch;
@group(0) @binding(7) var<storage, read_write> partials: array<Partial>;

var<workgroup> sums: array<Partial, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn diagnose(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let own = group.z * groups.x + group.x;
  if (own >= layer.workgroups) { return; }
  var sum = Partial();
  for (var p = 0u; p < PAIRS; p++) {
    let pair = (own * PAIRS + p) * WORKGROUP + local;
    if (pair < layer.neurons * layer.batch && pair % layer.batch < batch.images) { addPair(&sum, pair); }
  }
  sums[local] = sum;
  for (var half = WORKGROUP / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (local < half) { sums[local] = add(sums[local], sums[local + half]); }
  }
  if (local == 0u) { partials[layer.partials + own] = sums[0]; }
}

fn addPair(sum: ptr<function, Partial>, pair: u32) {
  let neuron = pair / layer.batch;
  let channel = neuron / layer.area;
  let place = channel / 4u * layer.area + neuron % layer.area;
  let activation = cells[layer.cells + place * layer.cellBatch + pair % layer.batch][channel % 4u];
  let a = activation * shares[layer.shares + channel];
  let spikes = counts[layer.counts + pair];
  let d = decoded[layer.counts + pair];
  var one = Partial();
  one.inactive = u32(activation == 0.0);
  one.spiking = u32(spikes > 0u);
  one.sin = one.inactive * one.spiking;
  one.saturated = u32(layer.saturation > 0u && d >= i32(layer.saturation));
  one.spikes = spikes;
  one.operationsLow = spikes * fanOut[layer.fanOut + neuron];
  one.operationsHigh = upperHalf(spikes, fanOut[layer.fanOut + neuron]);
  one.activation = a;
  one.activationSquare = a * a;
  one.decoded = f32(d);
  one.decodedSquare = f32(d) * f32(d);
  one.product = a * f32(d);
  one.absoluteError = abs(f32(d) * bitcast<f32>(layer.unit) - a);
  *sum = add(*sum, one);
}

// The upper 32 bits of a product, by halves of 16 bits.
fn upperHalf(a: u32, b: u32) -> u32 {
  let middle = (a >> 16u) * (b & 0xffffu) + (((a & 0xffffu) * (b & 0xffffu)) >> 16u);
  let other = (a & 0xffffu) * (b >> 16u) + (middle & 0xffffu);
  return (a >> 16u) * (b >> 16u) + (middle >> 16u) + (other >> 16u);
}

fn add(x: Partial, y: Partial) -> Partial {
  var sum = Partial();
  sum.inactive = x.inactive + y.inactive;
  sum.sin = x.sin + y.sin;
  sum.spiking = x.spiking + y.spiking;
  sum.saturated = x.saturated + y.saturated;
  sum.spikes = x.spikes + y.spikes;
  sum.operationsLow = x.operationsLow + y.operationsLow;
  sum.operationsHigh = x.operationsHigh + y.operationsHigh + u32(sum.operationsLow < x.operationsLow);
  sum.activation = x.activation + y.activation;
  sum.activationSquare = x.activationSquare + y.activationSquare;
  sum.decoded = x.decoded + y.decoded;
  sum.decodedSquare = x.decodedSquare + y.decodedSquare;
  sum.product = x.product + y.product;
  sum.absoluteError = x.absoluteError + y.absoluteError;
  return sum;
}
