// The multiply-adds of one tap, for 8 output channels × 8 values, which both engines' sums stand on: values are columns of words,
// or steps of pixels of spikes. Stands on `lib/bytes`; `weights` are the kernel's.

// Channel u: [2u] is the first four values, [2u + 1] the others. [16] and [17] are the sums of the values alone.
alias Sums = array<Lanes, 18>;
#if ${halves}
// Pair p of channels, 0 and 2, 1 and 3, 4 and 6, 5 and 7, at [2p] and [2p + 1]: the sum of the first plus 2^16 times that of the second.
alias Open = array<Lanes, 8>;
#else
alias Open = Sums;
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
fn tap(open: ptr<function, Open>, near: vec4u, far: vec4u, w0: vec4u, w4: vec4u) {
  let a = unpack(near);
  let b = unpack(far);
  tapChannel(open, a[0], b[0], w0.x, w4.x);
  tapChannel(open, a[1], b[1], w0.y, w4.y);
  tapChannel(open, a[2], b[2], w0.z, w4.z);
  tapChannel(open, a[3], b[3], w0.w, w4.w);
}

fn tapChannel(open: ptr<function, Open>, a: vec4i, b: vec4i, w0: u32, w4: u32) {
  let w02 = pairOf(w0);
  let w13 = pairOf(w0 >> 8u);
  let w46 = pairOf(w4);
  let w57 = pairOf(w4 >> 8u);
  (*open)[0] += a * w02;
  (*open)[1] += b * w02;
  (*open)[2] += a * w13;
  (*open)[3] += b * w13;
  (*open)[4] += a * w46;
  (*open)[5] += b * w46;
  (*open)[6] += a * w57;
  (*open)[7] += b * w57;
}

// Bytes 0 and 2, less the 128 that are in each, as one integer.
fn pairOf(w: u32) -> i32 {
  return i32((w & 0x00ff00ffu) - 0x00800080u);
}

// Takes the open sums out of their halves. Each must lie within 16 bits now; before, it may have been anything.
fn settle(sums: ptr<function, Sums>, open: ptr<function, Open>) {
  settlePair(sums, (*open)[0], 0u);
  settlePair(sums, (*open)[1], 1u);
  settlePair(sums, (*open)[2], 2u);
  settlePair(sums, (*open)[3], 3u);
  settlePair(sums, (*open)[4], 8u);
  settlePair(sums, (*open)[5], 9u);
  settlePair(sums, (*open)[6], 10u);
  settlePair(sums, (*open)[7], 11u);
}

fn settlePair(sums: ptr<function, Sums>, pair: vec4i, channel: u32) {
  let low = (pair << vec4u(16u)) >> vec4u(16u);
  (*sums)[channel] += low;
  (*sums)[channel + 4u] += (pair - low) >> vec4u(16u);
}

// Four channels of four values times the weights of sixteen output channels; the far ones are those of the next tile.
fn tapDeep(open: ptr<function, Open>, values: vec4u, near0: vec4u, near4: vec4u, far0: vec4u, far4: vec4u) {
  let a = unpack(values);
  tapDeepChannel(open, a[0], near0.x, near4.x, far0.x, far4.x);
  tapDeepChannel(open, a[1], near0.y, near4.y, far0.y, far4.y);
  tapDeepChannel(open, a[2], near0.z, near4.z, far0.z, far4.z);
  tapDeepChannel(open, a[3], near0.w, near4.w, far0.w, far4.w);
}

fn tapDeepChannel(open: ptr<function, Open>, a: vec4i, near0: u32, near4: u32, far0: u32, far4: u32) {
  (*open)[0] += a * pairOf(near0);
  (*open)[1] += a * pairOf(far0);
  (*open)[2] += a * pairOf(near0 >> 8u);
  (*open)[3] += a * pairOf(far0 >> 8u);
  (*open)[4] += a * pairOf(near4);
  (*open)[5] += a * pairOf(far4);
  (*open)[6] += a * pairOf(near4 >> 8u);
  (*open)[7] += a * pairOf(far4 >> 8u);
}
#else
fn settle(sums: ptr<function, Sums>, open: ptr<function, Open>) {}

fn tapDeep(open: ptr<function, Open>, values: vec4u, near0: vec4u, near4: vec4u, far0: vec4u, far4: vec4u) {
  let a = unpack(values);
  (*open)[0] += dots(a, near0.x);
  (*open)[1] += dots(a, far0.x);
  (*open)[2] += dots(a, near0.y);
  (*open)[3] += dots(a, far0.y);
  (*open)[4] += dots(a, near0.z);
  (*open)[5] += dots(a, far0.z);
  (*open)[6] += dots(a, near0.w);
  (*open)[7] += dots(a, far0.w);
  (*open)[8] += dots(a, near4.x);
  (*open)[9] += dots(a, far4.x);
  (*open)[10] += dots(a, near4.y);
  (*open)[11] += dots(a, far4.y);
  (*open)[12] += dots(a, near4.z);
  (*open)[13] += dots(a, far4.z);
  (*open)[14] += dots(a, near4.w);
  (*open)[15] += dots(a, far4.w);
}

// Four channels of eight values times the weights of eight output channels.
fn tap(open: ptr<function, Open>, near: vec4u, far: vec4u, w0: vec4u, w4: vec4u) {
  let a = unpack(near);
  let b = unpack(far);
  (*open)[0] += dots(a, w0.x);
  (*open)[1] += dots(b, w0.x);
  (*open)[2] += dots(a, w0.y);
  (*open)[3] += dots(b, w0.y);
  (*open)[4] += dots(a, w0.z);
  (*open)[5] += dots(b, w0.z);
  (*open)[6] += dots(a, w0.w);
  (*open)[7] += dots(b, w0.w);
  (*open)[8] += dots(a, w4.x);
  (*open)[9] += dots(b, w4.x);
  (*open)[10] += dots(a, w4.y);
  (*open)[11] += dots(b, w4.y);
  (*open)[12] += dots(a, w4.z);
  (*open)[13] += dots(b, w4.z);
  (*open)[14] += dots(a, w4.w);
  (*open)[15] += dots(b, w4.w);
}
#endif
