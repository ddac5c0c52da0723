// The multiply-adds of one tap, for 8 output channels × 8 values, which both engines' sums stand on: values are columns of words,
// or steps of pixels of spikes. Stands on `lib/bytes`; `weights` are the kernel's.

// Channel u: [2u] is the first four values, [2u + 1] the others.
#if ${halves}
// [16 + 2p] and [17 + 2p]: the open sums of the pair p of channels, 0 and 2, 1 and 3, 4 and 6, 5 and 7, the first of them plus 2^16
// times the second.
alias Sums = array<Lanes, 24>;
#else
// [16] and [17] are the sums of the values alone.
alias Sums = array<Lanes, 18>;
#endif

fn weightsAt(w: u32) -> vec4u {
#if ${broadcast}
  return subgroupBroadcast(weights[w], 0u);
#else
  return weights[w];
#endif
}

#if ${halves}
// Four channels of eight values times the weights of eight output channels: a u32 of weights has one channel and four outputs.
fn tap(sums: ptr<function, Sums>, near: vec4u, far: vec4u, w0: vec4u, w4: vec4u) {
  let a = unpack(near);
  let b = unpack(far);
  tapChannel(sums, a[0], b[0], w0.x, w4.x);
  tapChannel(sums, a[1], b[1], w0.y, w4.y);
  tapChannel(sums, a[2], b[2], w0.z, w4.z);
  tapChannel(sums, a[3], b[3], w0.w, w4.w);
}

fn tapChannel(sums: ptr<function, Sums>, a: vec4i, b: vec4i, w0: u32, w4: u32) {
  let w02 = pairOf(w0);
  let w13 = pairOf(w0 >> 8u);
  let w46 = pairOf(w4);
  let w57 = pairOf(w4 >> 8u);
  (*sums)[16] += a * w02;
  (*sums)[17] += b * w02;
  (*sums)[18] += a * w13;
  (*sums)[19] += b * w13;
  (*sums)[20] += a * w46;
  (*sums)[21] += b * w46;
  (*sums)[22] += a * w57;
  (*sums)[23] += b * w57;
}

// Bytes 0 and 2, less the 128 that are in each, as one integer.
fn pairOf(w: u32) -> i32 {
  return i32((w & 0x00ff00ffu) - 0x00800080u);
}

// Takes the open sums out of their halves. Each must lie within 16 bits now; before, it may have been anything.
fn settle(sums: ptr<function, Sums>) {
  settlePair(sums, 16u, 0u);
  settlePair(sums, 17u, 1u);
  settlePair(sums, 18u, 2u);
  settlePair(sums, 19u, 3u);
  settlePair(sums, 20u, 8u);
  settlePair(sums, 21u, 9u);
  settlePair(sums, 22u, 10u);
  settlePair(sums, 23u, 11u);
}

fn settlePair(sums: ptr<function, Sums>, open: u32, channel: u32) {
  let pair = (*sums)[open];
  let low = (pair << vec4u(16u)) >> vec4u(16u);
  (*sums)[channel] += low;
  (*sums)[channel + 4u] += (pair - low) >> vec4u(16u);
  (*sums)[open] = vec4i();
}
#else
fn settle(sums: ptr<function, Sums>) {}

// Four channels of eight values times the weights of eight output channels.
fn tap(sums: ptr<function, Sums>, near: vec4u, far: vec4u, w0: vec4u, w4: vec4u) {
  let a = unpack(near);
  let b = unpack(far);
  (*sums)[0] += dots(a, w0.x);
  (*sums)[1] += dots(b, w0.x);
  (*sums)[2] += dots(a, w0.y);
  (*sums)[3] += dots(b, w0.y);
  (*sums)[4] += dots(a, w0.z);
  (*sums)[5] += dots(b, w0.z);
  (*sums)[6] += dots(a, w0.w);
  (*sums)[7] += dots(b, w0.w);
  (*sums)[8] += dots(a, w4.x);
  (*sums)[9] += dots(b, w4.x);
  (*sums)[10] += dots(a, w4.y);
  (*sums)[11] += dots(b, w4.y);
  (*sums)[12] += dots(a, w4.z);
  (*sums)[13] += dots(b, w4.z);
  (*sums)[14] += dots(a, w4.w);
  (*sums)[15] += dots(b, w4.w);
}
#endif
