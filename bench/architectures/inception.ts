import { type Architecture, type FeatureMap, Growing } from './growing.ts';

/** Networks of parallel branches. */

const CLASSES = 1000;

/** Channels of a module of the first version: 1 × 1; 3 × 3 and 5 × 5, each after a narrower 1 × 1; 1 × 1 behind a maximum. */
type Module1 = readonly [one: number, three: readonly [number, number], five: readonly [number, number], pooled: number];

/** Stages of modules, a maximum of stride 2 between them. */
const V1_STAGES: readonly (readonly Module1[])[] = [
  [
    [64, [96, 128], [16, 32], 32],
    [128, [128, 192], [32, 96], 64],
  ],
  [
    [192, [96, 208], [16, 48], 64],
    [160, [112, 224], [24, 64], 64],
    [128, [128, 256], [24, 64], 64],
    [112, [144, 288], [32, 64], 64],
    [256, [160, 320], [32, 128], 128],
  ],
  [
    [256, [160, 320], [32, 128], 128],
    [384, [192, 384], [48, 128], 128],
  ],
];

/** Inception v1 (GoogLeNet), without its normalisation across channels (LRN) and the classifiers for training. */
export function inceptionV1(side: number, stages: readonly (readonly Module1[])[] = V1_STAGES): Architecture {
  const net = new Growing(side);
  const conv = (from: FeatureMap, channels: number, kernel: number, stride = 1) =>
    net.relu(net.conv(from, channels, kernel, { stride, bias: true }));
  const smaller = (from: FeatureMap) => net.maxPool(from, { kernel: 3, stride: 2, ceil: true });
  let at = conv(smaller(conv(net.input, 64, 7, 2)), 64, 1);
  at = conv(at, 192, 3);
  for (const stage of stages) {
    at = smaller(at);
    for (const [one, three, five, pooled] of stage) {
      at = net.concat([
        conv(at, one, 1),
        conv(conv(at, three[0], 1), three[1], 3),
        conv(conv(at, five[0], 1), five[1], 5),
        conv(net.maxPool(at, { kernel: 3, stride: 1, pad: 1 }), pooled, 1),
      ]);
    }
  }
  return net.end(at, CLASSES);
}

/**
 * Channels of a module of the second version: 1 × 1; 3 × 3 and twice 3 × 3, each after a narrower 1 × 1; what pools, and the 1 × 1
 * behind it. Without the first and the last it halves the map.
 */
interface Module2 {
  readonly one?: number;
  readonly three: readonly [number, number];
  readonly double: readonly [number, number];
  readonly pooled?: readonly ['average' | 'max', number];
}

const V2_MODULES: readonly Module2[] = [
  { one: 64, three: [64, 64], double: [64, 96], pooled: ['average', 32] },
  { one: 64, three: [64, 96], double: [64, 96], pooled: ['average', 64] },
  { three: [128, 160], double: [64, 96] },
  { one: 224, three: [64, 96], double: [96, 128], pooled: ['average', 128] },
  { one: 192, three: [96, 128], double: [96, 128], pooled: ['average', 128] },
  { one: 160, three: [128, 160], double: [128, 160], pooled: ['average', 128] },
  { one: 96, three: [128, 192], double: [160, 192], pooled: ['average', 128] },
  { three: [128, 192], double: [192, 256] },
  { one: 352, three: [192, 320], double: [160, 224], pooled: ['average', 128] },
  { one: 352, three: [192, 320], double: [192, 224], pooled: ['max', 128] },
];

/** Inception v2 (BN-Inception). */
export function inceptionV2(side: number, modules: readonly Module2[] = V2_MODULES): Architecture {
  const net = new Growing(side);
  const conv = (from: FeatureMap, channels: number, kernel: number, stride = 1) =>
    net.relu(net.norm(net.conv(from, channels, kernel, { stride })));
  const smaller = (from: FeatureMap) => net.maxPool(from, { kernel: 3, stride: 2, ceil: true });
  const around = { kernel: 3, stride: 1, pad: 1 };
  let at = conv(smaller(conv(net.input, 64, 7, 2)), 64, 1);
  at = smaller(conv(at, 192, 3));
  for (const { one, three, double, pooled } of modules) {
    const stride = pooled ? 1 : 2;
    const branches = [
      conv(conv(at, three[0], 1), three[1], 3, stride),
      conv(conv(conv(at, double[0], 1), double[1], 3), double[1], 3, stride),
    ];
    if (one) branches.unshift(conv(at, one, 1));
    if (!pooled) branches.push(smaller(at));
    else {
      const [how, channels] = pooled;
      branches.push(conv(how === 'max' ? net.maxPool(at, around) : net.averagePool(at, around), channels, 1));
    }
    at = net.concat(branches);
  }
  return net.end(at, CLASSES);
}
