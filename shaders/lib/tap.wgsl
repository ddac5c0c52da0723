// The multiply-adds of one tap, for 8 output channels × 8 values, which both engines' sums stand on: values are columns of words,
// or steps of pixels of spikes. Stands on `lib/bytes`; `weights` are the kernel's.

// Channel u: [2u] is the first four values, [2u + 1] the others. [16] and [17] are the sums of the values alone.
alias Sums = array<Lanes, 18>;

fn weightsAt(w: u32) -> vec4u {
#if ${broadcast}
  return subgroupBroadcast(weights[w], 0u);
#else
  return weights[w];
#endif
}

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
