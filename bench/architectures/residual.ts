import { type Architecture, type FeatureMap, Growing } from './growing.ts';

/** Residual and densely connected networks for ImageNet: their sums and concatenations reach across layers. */

const CLASSES = 1000;

/** Blocks of two 3 × 3 convolutions (ResNet-18: 2, 2, 2, 2; ResNet-34: 3, 4, 6, 3); batch norm behind each convolution. */
export function resNet(side: number, blocks: readonly number[] = [2, 2, 2, 2]): Architecture {
  return residual(side, blocks, 1, (net, from, width, stride) => {
    const inner = net.relu(net.norm(net.conv(from, width, 3, { stride })));
    return net.norm(net.conv(inner, width, 3));
  });
}

/** Blocks of 1 × 1, 3 × 3 (with the stride) and 1 × 1 to four times the width (ResNet-50: 3, 4, 6, 3). */
export function bottleneckResNet(side: number, blocks: readonly number[] = [3, 4, 6, 3]): Architecture {
  return residual(side, blocks, 4, (net, from, width, stride) => {
    const narrow = net.relu(net.norm(net.conv(from, width, 1)));
    const inner = net.relu(net.norm(net.conv(narrow, width, 3, { stride })));
    return net.norm(net.conv(inner, 4 * width, 1));
  });
}

function residual(
  side: number,
  blocks: readonly number[],
  widening: number,
  branch: (net: Growing, from: FeatureMap, width: number, stride: number) => FeatureMap,
): Architecture {
  const net = new Growing(side);
  let at = stem(net);
  blocks.forEach((count, stage) => {
    for (let i = 0; i < count; i++) {
      const width = 64 << stage;
      const stride = stage > 0 && i === 0 ? 2 : 1;
      const added = branch(net, at, width, stride);
      const same = added.channels === at.channels && stride === 1;
      at = net.relu(net.sum(added, same ? at : net.norm(net.conv(at, widening * width, 1, { stride }))));
    }
  });
  return net.end(at, CLASSES);
}

/** 7 × 7 of stride 2, a maximum of stride 2. */
const stem = (net: Growing, channels = 64): FeatureMap =>
  net.maxPool(net.relu(net.norm(net.conv(net.input, channels, 7, { stride: 2 }))), { kernel: 3, stride: 2, pad: 1 });

/** Residual blocks with BN and ReLU before each convolution; the stream itself has none. */
export function preActResNet(side: number, blocks: readonly number[] = [2, 2, 2, 2]): Architecture {
  const net = new Growing(side);
  const active = (from: FeatureMap) => net.relu(net.norm(from));
  let at = stem(net);
  blocks.forEach((count, stage) => {
    for (let i = 0; i < count; i++) {
      const stride = stage > 0 && i === 0 ? 2 : 1;
      const channels = 64 << stage;
      const open = active(at);
      const inner = net.conv(active(net.conv(open, channels, 3, { stride })), channels, 3);
      at = net.sum(inner, channels === at.channels ? at : net.conv(open, channels, 1, { stride }));
    }
  });
  return net.end(active(at), CLASSES);
}

/** Dense blocks of BN, ReLU, 1 × 1, BN, ReLU, 3 × 3, each reading all before it (DenseNet-121). */
export function denseNet(side: number, blocks: readonly number[] = [6, 12, 24, 16], growth = 32): Architecture {
  const net = new Growing(side);
  const active = (from: FeatureMap) => net.relu(net.norm(from));
  let at = stem(net, 2 * growth);
  blocks.forEach((count, block) => {
    const maps = [at];
    for (let i = 0; i < count; i++) {
      const all = maps.length > 1 ? net.concat(maps) : at;
      maps.push(net.conv(active(net.conv(active(all), 4 * growth, 1)), growth, 3));
    }
    at = net.concat(maps);
    if (block < blocks.length - 1) {
      at = net.averagePool(net.conv(active(at), at.channels / 2, 1), { kernel: 2, stride: 2 });
    }
  });
  return net.end(active(at), CLASSES);
}
