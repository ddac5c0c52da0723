import { type Architecture, type FeatureMap, Growing } from './growing.ts';

/** Networks for small devices: most of their multiply-adds are in 1 × 1 convolutions. */

const CLASSES = 1000;

/** Depthwise separable convolutions with ReLU behind each half (V1). */
export function mobileNetV1(side: number): Architecture {
  const net = new Growing(side);
  const active = (from: FeatureMap) => net.relu(net.norm(from));
  let at = active(net.conv(net.input, 32, 3, { stride: 2 }));
  const widths = [64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024];
  widths.forEach((channels, i) => {
    const stride = [1, 3, 5, 11].includes(i) ? 2 : 1;
    at = active(net.conv(at, at.channels, 3, { stride, groups: at.channels }));
    at = active(net.conv(at, channels, 1));
  });
  return net.end(at, CLASSES);
}

/** Of each stage of MobileNetV2: how much wider a block is inside, channels, blocks, stride of the first. */
const V2_STAGES = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/** Inverted residuals with linear bottlenecks. */
export function mobileNetV2(side: number): Architecture {
  const net = new Growing(side);
  const active = (from: FeatureMap) => net.relu6(net.norm(from));
  let at = active(net.conv(net.input, 32, 3, { stride: 2 }));
  for (const [expand, channels, count, first] of V2_STAGES) {
    for (let i = 0; i < count; i++) {
      const stride = i === 0 ? first : 1;
      const hidden = at.channels * expand;
      const wide = expand === 1 ? at : active(net.conv(at, hidden, 1));
      const deep = active(net.conv(wide, hidden, 3, { stride, groups: hidden }));
      const narrow = net.norm(net.conv(deep, channels, 1));
      at = stride === 1 && at.channels === channels ? net.sum(at, narrow) : narrow;
    }
  }
  return net.end(active(net.conv(at, 1280, 1)), CLASSES);
}

/** Half of the channels pass by, then all are shuffled (×1.0); depthwise convolutions without ReLU. */
export function shuffleNetV2(side: number, blocks: readonly number[] = [4, 8, 4]): Architecture {
  const net = new Growing(side);
  const active = (from: FeatureMap) => net.relu(net.norm(from));
  const depthwise = (from: FeatureMap, stride: number) =>
    net.norm(net.conv(from, from.channels, 3, { stride, groups: from.channels }));
  const branch = (from: FeatureMap, width: number, stride: number) =>
    active(net.conv(depthwise(active(net.conv(from, width, 1)), stride), width, 1));
  let at = net.maxPool(active(net.conv(net.input, 24, 3, { stride: 2 })), { kernel: 3, stride: 2, pad: 1 });
  blocks.forEach((count, stage) => {
    const width = 58 << stage;
    at = net.shuffle(net.concat([active(net.conv(depthwise(at, 2), width, 1)), branch(at, width, 2)]));
    for (let i = 1; i < count; i++) {
      const [kept, taken] = net.halves(at);
      at = net.shuffle(net.concat([kept, branch(taken, width, 1)]));
    }
  });
  return net.end(active(net.conv(at, 1024, 1)), CLASSES);
}

/** Fire modules: a few channels by 1 × 1, then 1 × 1 and 3 × 3 side by side (version 1.1); no batch norm. */
export function squeezeNet(side: number): Architecture {
  const net = new Growing(side);
  const conv = (from: FeatureMap, channels: number, kernel: number) => net.relu(net.conv(from, channels, kernel, { bias: true }));
  const fire = (from: FeatureMap, narrow: number) => {
    const squeezed = conv(from, narrow, 1);
    return net.concat([conv(squeezed, 4 * narrow, 1), conv(squeezed, 4 * narrow, 3)]);
  };
  const smaller = (from: FeatureMap) => net.maxPool(from, { kernel: 3, stride: 2, ceil: true });
  let at = smaller(net.relu(net.conv(net.input, 64, 3, { stride: 2, pad: 0, bias: true })));
  for (const stage of [
    [16, 16],
    [32, 32],
  ])
    at = smaller(stage.reduce(fire, at));
  at = [48, 48, 64, 64].reduce(fire, at);
  return net.endWithAverage(conv(at, CLASSES, 1));
}
