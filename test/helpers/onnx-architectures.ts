/** Well-known networks with random weights, as exporters write them, and the multiply-adds of their own convolutions. */

import { buildOnnx, type NodeSpec, real, type TensorSpec } from './onnx-builder.ts';
import { randomNumbers } from './onnx-compare.ts';

export interface Architecture {
  readonly bytes: Uint8Array;
  /** Of convolutions and linear layers, each weight once a place. */
  readonly multiplyAdds: number;
}

interface Map {
  readonly name: string;
  readonly channels: number;
  readonly extent: number;
}

/** Grows a graph from "x", 3 × side × side. */
class Growing {
  readonly nodes: NodeSpec[] = [];
  readonly tensors: Record<string, TensorSpec> = {};
  multiplyAdds = 0;
  readonly input: Map;

  constructor(side: number) {
    this.input = { name: 'x', channels: 3, extent: side };
  }

  add(op: string, inputs: readonly string[], attributes: NodeSpec['attributes'] = {}): string {
    const out = `${op}${this.nodes.length}`;
    this.nodes.push({ op, in: inputs, out: [out], name: out, attributes });
    return out;
  }

  tensor(dims: readonly number[], of: (v: number) => number = (v) => v): string {
    const name = `t${Object.keys(this.tensors).length}`;
    const count = dims.reduce((a, b) => a * b, 1);
    this.tensors[name] = real(dims, randomNumbers(count, Object.keys(this.tensors).length + 1).map(of));
    return name;
  }

  conv(from: Map, channels: number, kernel: number, stride = 1, group = 1): Map {
    const columns = from.channels / group;
    const spread = Math.sqrt(6 / (columns * kernel * kernel));
    const weights = this.tensor([channels, columns, kernel, kernel], (v) => v * spread);
    const pad = kernel >> 1;
    const extent = Math.ceil(from.extent / stride);
    this.multiplyAdds += channels * columns * kernel ** 2 * extent ** 2;
    const attributes = { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad], group };
    return { name: this.add('Conv', [from.name, weights], attributes), channels, extent };
  }

  /** With factors between 0.1 and 1.1, as trained ones mostly are. */
  norm(from: Map): Map {
    const { channels } = from;
    const statistics = [(v: number) => 0.6 + v / 2, (v: number) => v / 5, (v: number) => v / 5, (v: number) => 1 + v / 2];
    const inputs = statistics.map((of) => this.tensor([channels], of));
    return { ...from, name: this.add('BatchNormalization', [from.name, ...inputs]) };
  }

  relu = (from: Map): Map => ({ ...from, name: this.add('Relu', [from.name]) });

  relu6(from: Map): Map {
    this.tensors.zero ??= real([], [0]);
    this.tensors.six ??= real([], [6]);
    return { ...from, name: this.add('Clip', [from.name, 'zero', 'six']) };
  }

  sum = (a: Map, b: Map): Map => ({ ...a, name: this.add('Add', [a.name, b.name]) });

  pool(op: 'MaxPool' | 'AveragePool', from: Map, kernel: number, pad: number): Map {
    const attributes = { kernel_shape: [kernel, kernel], strides: [2, 2], pads: [pad, pad, pad, pad] };
    return { ...from, name: this.add(op, [from.name], attributes), extent: Math.ceil(from.extent / 2) };
  }

  concat(maps: readonly Map[]): Map {
    const name = this.add(
      'Concat',
      maps.map((m) => m.name),
      { axis: 1 },
    );
    return { ...maps[0], name, channels: maps.reduce((n, m) => n + m.channels, 0) };
  }

  end(from: Map, classes: number): Architecture {
    const flat = this.add('Flatten', [this.add('GlobalAveragePool', [from.name])]);
    const weights = this.tensor([classes, from.channels], (v) => v * Math.sqrt(3 / from.channels));
    this.nodes.push({ op: 'Gemm', in: [flat, weights], out: ['y'], name: 'classes', attributes: { transB: 1 } });
    this.multiplyAdds += classes * from.channels;
    const { channels, extent } = this.input;
    const bytes = buildOnnx({ input: ['N', channels, extent, extent], nodes: this.nodes, tensors: this.tensors });
    return { bytes, multiplyAdds: this.multiplyAdds };
  }
}

/** Inverted residuals with linear bottlenecks. */
export function mobileNetV2(side: number): Architecture {
  const net = new Growing(side);
  let at = net.relu6(net.norm(net.conv(net.input, 32, 3, 2)));
  const stages = [
    [1, 16, 1, 1],
    [6, 24, 2, 2],
    [6, 32, 3, 2],
    [6, 64, 4, 2],
    [6, 96, 3, 1],
    [6, 160, 3, 2],
    [6, 320, 1, 1],
  ];
  for (const [expand, channels, count, first] of stages) {
    for (let i = 0; i < count; i++) {
      const stride = i === 0 ? first : 1;
      const hidden = at.channels * expand;
      const wide = expand === 1 ? at : net.relu6(net.norm(net.conv(at, hidden, 1)));
      const deep = net.relu6(net.norm(net.conv(wide, hidden, 3, stride, hidden)));
      const narrow = net.norm(net.conv(deep, channels, 1));
      at = stride === 1 && at.channels === channels ? net.sum(at, narrow) : narrow;
    }
  }
  return net.end(net.relu6(net.norm(net.conv(at, 1280, 1))), 1000);
}

/** Depthwise separable convolutions with ReLU behind each (V1). */
export function mobileNetV1(side: number): Architecture {
  const net = new Growing(side);
  let at = net.relu(net.norm(net.conv(net.input, 32, 3, 2)));
  const widths = [64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024];
  widths.forEach((channels, i) => {
    const stride = [1, 3, 5, 11].includes(i) ? 2 : 1;
    at = net.relu(net.norm(net.conv(at, at.channels, 3, stride, at.channels)));
    at = net.relu(net.norm(net.conv(at, channels, 1)));
  });
  return net.end(at, 1000);
}

/** Dense blocks of BN, ReLU, 1 × 1, BN, ReLU, 3 × 3, each reading all before it. */
export function denseNet(side: number, blocks: readonly number[] = [6, 12, 24, 16], growth = 32): Architecture {
  const net = new Growing(side);
  const active = (from: Map) => net.relu(net.norm(from));
  let at = net.pool('MaxPool', active(net.conv(net.input, 2 * growth, 7, 2)), 3, 1);
  blocks.forEach((count, block) => {
    const maps = [at];
    for (let i = 0; i < count; i++) {
      const all = maps.length > 1 ? net.concat(maps) : at;
      maps.push(net.conv(active(net.conv(active(all), 4 * growth, 1)), growth, 3));
    }
    at = net.concat(maps);
    if (block < blocks.length - 1) at = net.pool('AveragePool', net.conv(active(at), at.channels / 2, 1), 2, 0);
  });
  return net.end(active(at), 1000);
}

/** Residual blocks with BN and ReLU before each convolution; the stream itself has none. */
export function preActResNet(side: number, blocks: readonly number[] = [2, 2, 2, 2]): Architecture {
  const net = new Growing(side);
  const active = (from: Map) => net.relu(net.norm(from));
  let at = net.pool('MaxPool', active(net.conv(net.input, 64, 7, 2)), 3, 1);
  blocks.forEach((count, stage) => {
    for (let i = 0; i < count; i++) {
      const stride = stage > 0 && i === 0 ? 2 : 1;
      const channels = 64 << stage;
      const open = active(at);
      const inner = net.conv(active(net.conv(open, channels, 3, stride)), channels, 3);
      at = net.sum(inner, channels === at.channels ? at : net.conv(open, channels, 1, stride));
    }
  });
  return net.end(active(at), 1000);
}
