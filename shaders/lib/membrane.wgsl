// The neurons of one invocation over a chunk of steps, which `integrate`, `fused` and `fused-spikes` share: 8 channels of PLACES places;
// neuron PLACES · u + p is channel u of place p. All that a layer does in a chunk is here: V(0), every step, the window's end (clamp and
// state), and what its synchronous neurons hold. The neuron's library gives `arriving`, `fire` and `spikeWeight`; `layer`, `chunk`,
// `channels`, `drive` and the accumulators are the kernel's.
// Everything is written out channel by channel with constant indices: an array that a loop indexes stays in memory on software
// drivers. What is beyond the last channel is computed from whatever lies there, and not stored. A step, which is there 32 times
// or more, must not branch: hence `&` and not `&&`, also in the neurons' libraries. (The time and memory of SwiftShader's compiler
// double with every branch in the loop over groups.)

const NEURONS = 8u * PLACES;

// Four steps of every neuron's current.
alias Currents = array<vec4i, NEURONS>;

// Membranes; spikes in this chunk; Σ of what they stand for, in this chunk or (`signed`, which looks at it) so far.
struct Neurons {
  v: array<i32, NEURONS>,
  sent: array<u32, NEURONS>,
  sum: array<i32, NEURONS>,
}

// What a place sends in four steps, a word of bits a plane.
#if ${wide}
alias Planes = array<u32, 9>;
#else
alias Planes = vec4u;
#endif

// What the channels of one place are driven by.
struct Cells {
  drive: array<i32, 8>,
  grid: array<i32, 8>,   // g
  start: array<i32, 8>,  // V(0)
  firing: u32,           // the bistable states, as the spikes of a train's first step
}

// The steps of a group of 4.
struct Steps {
  inside: vec4<bool>,  // of the chunk
  begins: vec4<bool>,  // an integrating window
  phases: vec4u,
  weights: vec4i,      // of a spike
}

fn stepsOfGroup(group: u32) -> Steps {
  let inside = vec4u(4u * group) + vec4u(0u, 1u, 2u, 3u) < vec4u(chunk.steps);
  var phases = since(group, layer.offset, layer.period);
#if ${windowed}
  let begins = (phases == vec4u(0u)) & vec4<bool>(chunk.step >= layer.first);
  phases = select(phases, phases - vec4u(layer.window), phases >= vec4u(layer.window));
#else
  let begins = vec4<bool>(false);
#endif
  let K = layer.phaseBits;
  let weights = vec4i(spikeWeight(Moment(phases.x, K)), spikeWeight(Moment(phases.y, K)), spikeWeight(Moment(phases.z, K)), spikeWeight(Moment(phases.w, K)));
  return Steps(inside, begins, phases, weights);
}

// 1 where the layer may send in this chunk, else 0.
fn sendsNow() -> u32 {
#if ${windowed}
  let into = (chunk.step + layer.offset) % layer.period;
  return select(0u, 1u, chunk.step >= layer.first && into >= layer.window && into < layer.window + layer.phaseBits);
#else
  return 1u;
#endif
}

// Whether V is V(0) before the chunk.
fn startsAnew() -> bool {
  return chunk.step >= layer.start && (chunk.step - layer.start) % layer.again == 0u;
}

#if ${windowed}
// Whether the chunk ends with a window of the layer, or with one that it would have had before its first.
fn endsWindow() -> bool {
  let into = (chunk.step + chunk.steps + layer.offset) % layer.period;
  return into == layer.window || into == (layer.window + layer.phaseBits) % layer.period;
}
#endif

// What is to be done once for a place when all steps of a chunk are: at a window's end the states flip, but not before the layer's first;
// synchronous neurons hold back what was sent.
fn endPlace(word: u32, firing: u32) {
#if ${windowed}
  let flips = endsWindow() && chunk.step >= layer.first;
  spikes[layer.states + word] = firing ^ select(0u, STEP_BITS, flips);
  holdBack(word);
#endif
}

fn cellsOf(tile: u32, at: u32, stride: u32, firing: u32) -> Cells {
  let c0 = cellOf(tile, at, stride, 0u);
  let c1 = cellOf(tile, at, stride, 1u);
  let c2 = cellOf(tile, at, stride, 2u);
  let c3 = cellOf(tile, at, stride, 3u);
  let c4 = cellOf(tile, at, stride, 4u);
  let c5 = cellOf(tile, at, stride, 5u);
  let c6 = cellOf(tile, at, stride, 6u);
  let c7 = cellOf(tile, at, stride, 7u);
  let drive = array<i32, 8>(c0.x, c1.x, c2.x, c3.x, c4.x, c5.x, c6.x, c7.x);
  let grid = array<i32, 8>(c0.y, c1.y, c2.y, c3.y, c4.y, c5.y, c6.y, c7.y);
  let start = array<i32, 8>(c0.z, c1.z, c2.z, c3.z, c4.z, c5.z, c6.z, c7.z);
  return Cells(drive, grid, start, firing);
}

// Drive, g and V(0) of channel u of a tile.
fn cellOf(tile: u32, at: u32, stride: u32, u: u32) -> vec3i {
#if ${broadcast}
  let channel = subgroupBroadcast(channels[layer.channelBase + tile * 8u + u], 0u);
#else
  let channel = channels[layer.channelBase + tile * 8u + u];
#endif
#if ${driven}
  return vec3i(drive[layer.drive + (tile * 8u + u) * stride + at], channel.yz);
#else
  return channel.xyz;
#endif
}

fn loadPlace(neurons: ptr<function, Neurons>, cells: ptr<function, Cells>, at: u32, stride: u32, p: u32) {
  let anew = startsAnew();
  (*neurons).v[p] = select(membranes[at], (*cells).start[0], anew);
  (*neurons).v[PLACES + p] = select(membranes[at + stride], (*cells).start[1], anew);
  (*neurons).v[2u * PLACES + p] = select(membranes[at + 2u * stride], (*cells).start[2], anew);
  (*neurons).v[3u * PLACES + p] = select(membranes[at + 3u * stride], (*cells).start[3], anew);
  (*neurons).v[4u * PLACES + p] = select(membranes[at + 4u * stride], (*cells).start[4], anew);
  (*neurons).v[5u * PLACES + p] = select(membranes[at + 5u * stride], (*cells).start[5], anew);
  (*neurons).v[6u * PLACES + p] = select(membranes[at + 6u * stride], (*cells).start[6], anew);
  (*neurons).v[7u * PLACES + p] = select(membranes[at + 7u * stride], (*cells).start[7], anew);
#if ${signed}
  (*neurons).sum[p] = i32(decoded[at]);
  (*neurons).sum[PLACES + p] = i32(decoded[at + stride]);
  (*neurons).sum[2u * PLACES + p] = i32(decoded[at + 2u * stride]);
  (*neurons).sum[3u * PLACES + p] = i32(decoded[at + 3u * stride]);
  (*neurons).sum[4u * PLACES + p] = i32(decoded[at + 4u * stride]);
  (*neurons).sum[5u * PLACES + p] = i32(decoded[at + 5u * stride]);
  (*neurons).sum[6u * PLACES + p] = i32(decoded[at + 6u * stride]);
  (*neurons).sum[7u * PLACES + p] = i32(decoded[at + 7u * stride]);
#endif
}

// Four steps of one place. Returns what it sends.
fn stepPlace(neurons: ptr<function, Neurons>, current: ptr<function, Currents>, cells: ptr<function, Cells>, steps: Steps, p: u32) -> Planes {
  var words = Planes();
  stepNeuron(neurons, &words, (*current)[p], cells, steps, p, 0u);
  stepNeuron(neurons, &words, (*current)[PLACES + p], cells, steps, p, 1u);
  stepNeuron(neurons, &words, (*current)[2u * PLACES + p], cells, steps, p, 2u);
  stepNeuron(neurons, &words, (*current)[3u * PLACES + p], cells, steps, p, 3u);
  stepNeuron(neurons, &words, (*current)[4u * PLACES + p], cells, steps, p, 4u);
  stepNeuron(neurons, &words, (*current)[5u * PLACES + p], cells, steps, p, 5u);
  stepNeuron(neurons, &words, (*current)[6u * PLACES + p], cells, steps, p, 6u);
  stepNeuron(neurons, &words, (*current)[7u * PLACES + p], cells, steps, p, 7u);
  return words;
}

fn stepNeuron(neurons: ptr<function, Neurons>, words: ptr<function, Planes>, current: vec4i, cells: ptr<function, Cells>, steps: Steps, p: u32, u: u32) {
  let i = PLACES * u + p;
  let drive = (*cells).drive[u];
  let g = (*cells).grid[u];
  let firing = (((*cells).firing >> spikeBit(u, 0u)) & 1u) == 1u;
  let before = (*neurons).sum[i];
  let a = oneStep(steps.inside.x, steps.phases.x, steps.begins.x, (*neurons).v[i], current.x, drive, g, firing, before);
  let afterA = before + a.word * steps.weights.x;
  let b = oneStep(steps.inside.y, steps.phases.y, steps.begins.y, a.v, current.y, drive, g, firing, afterA);
  let afterB = afterA + b.word * steps.weights.y;
  let c = oneStep(steps.inside.z, steps.phases.z, steps.begins.z, b.v, current.z, drive, g, firing, afterB);
  let afterC = afterB + c.word * steps.weights.z;
  let d = oneStep(steps.inside.w, steps.phases.w, steps.begins.w, c.v, current.w, drive, g, firing, afterC);
  (*neurons).v[i] = d.v;
  (*neurons).sent[i] += a.spikes + b.spikes + c.spikes + d.spikes;
  (*neurons).sum[i] = afterC + d.word * steps.weights.w;
  let words4 = vec4u(vec4i(a.word, b.word, c.word, d.word));
  (*words)[0u] |= planeBits(words4, 0u, u);
  for (var plane = 1u; plane < layer.planes; plane++) {
    (*words)[plane] |= planeBits(words4, plane, u);
  }
}

// A step outside the chunk leaves V as it is.
fn oneStep(inside: bool, phase: u32, begins: bool, v: i32, current: i32, drive: i32, g: i32, firing: bool, sent: i32) -> Fired {
  let moment = Moment(phase, layer.phaseBits);
  let after = fire(receive(v, arriving(current, drive, begins)), g, layer.most, moment, firing, sent);
  return Fired(select(v, after.v, inside), select(0, after.word, inside), select(0u, after.spikes, inside));
}

// One plane of the spikes of channel u, where they lie in a word.
fn planeBits(spikes: vec4u, plane: u32, u: u32) -> u32 {
  let bits = ((spikes >> vec4u(plane)) & vec4u(1u)) << vec4u(0u, 1u, 2u, 3u);
  return (bits.x | bits.y | bits.z | bits.w) << spikeBit(u, 0u);
}

// Stores the words of one place and group.
fn storeSpikes(words: Planes, group: u32, place: u32, live: u32) {
  let at = layer.destination + group * layer.groupStride + place;
  let mask = bitsOfChannels(live);
  spikes[at] = words[0] & mask;
  for (var plane = 1u; plane < layer.planes; plane++) {
    spikes[at + plane * (layer.groupStride / layer.planes)] = words[plane] & mask;
  }
}

// The bits of a word that belong to its first channels.
fn bitsOfChannels(count: u32) -> u32 {
  let low = select(0x0f0f0f0fu, (1u << (8u * min(count, 3u))) - 1u, count < 4u);
  let high = select(0xf0f0f0f0u, (1u << (8u * (clamp(count, 4u, 7u) - 4u))) - 1u, count < 8u);
  return (low & 0x0f0f0f0fu) | (high & 0xf0f0f0f0u);
}

// Stores the membranes of one place, bounded at a window's end. Where the layer `sends`, adds to the accumulators and returns the spikes.
fn storePlace(neurons: ptr<function, Neurons>, at: u32, stride: u32, live: u32, sends: u32, p: u32) -> u32 {
#if ${windowed}
  let bounds = endsWindow();
#else
  let bounds = false;
#endif
  storeMembrane(neurons, at, stride, live, bounds, p, 0u);
  storeMembrane(neurons, at, stride, live, bounds, p, 1u);
  storeMembrane(neurons, at, stride, live, bounds, p, 2u);
  storeMembrane(neurons, at, stride, live, bounds, p, 3u);
  storeMembrane(neurons, at, stride, live, bounds, p, 4u);
  storeMembrane(neurons, at, stride, live, bounds, p, 5u);
  storeMembrane(neurons, at, stride, live, bounds, p, 6u);
  storeMembrane(neurons, at, stride, live, bounds, p, 7u);
  var total = 0u;
  // a loop that runs once or never where an `if` would do: drivers that mask lanes skip it
  for (var once = 0u; once < sends; once++) {
    total = storeSent(neurons, at, stride, live, p, 0u) + storeSent(neurons, at, stride, live, p, 1u)
      + storeSent(neurons, at, stride, live, p, 2u) + storeSent(neurons, at, stride, live, p, 3u)
      + storeSent(neurons, at, stride, live, p, 4u) + storeSent(neurons, at, stride, live, p, 5u)
      + storeSent(neurons, at, stride, live, p, 6u) + storeSent(neurons, at, stride, live, p, 7u);
  }
  return total;
}

fn storeMembrane(neurons: ptr<function, Neurons>, at: u32, stride: u32, live: u32, bounds: bool, p: u32, u: u32) {
  let v = (*neurons).v[PLACES * u + p];
  if (u < live) { membranes[at + u * stride] = select(v, clampStep(v), bounds); }
}

fn storeSent(neurons: ptr<function, Neurons>, at: u32, stride: u32, live: u32, p: u32, u: u32) -> u32 {
  let sent = select(0u, (*neurons).sent[PLACES * u + p], u < live);
  if (sent != 0u) {
    counts[at + u * stride] += sent;
#if ${signed}
    decoded[at + u * stride] = u32((*neurons).sum[PLACES * u + p]);
#else
    decoded[at + u * stride] += u32((*neurons).sum[PLACES * u + p]);
#endif
  }
  return sent;
}
