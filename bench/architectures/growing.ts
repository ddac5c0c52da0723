import { seeded } from '../../src/ann/build.ts';
import { buildOnnx, type NodeSpec, real, type TensorSpec, whole } from '../../test/helpers/onnx-builder.ts';

/** A well-known network with random weights as an ONNX file. */
export interface Architecture {
  readonly bytes: Uint8Array;
  /** Of convolutions and linear layers, each weight once a place. */
  readonly multiplyAdds: number;
}

/** A tensor of the graph, [N, channels, extent, extent]. */
export interface FeatureMap {
  readonly name: string;
  readonly channels: number;
  readonly extent: number;
  /** Mean square of its values, as it is for random weights on average: running variances are made of it. */
  readonly power: number;
}

/** A window of a pool. */
export interface PoolForm {
  readonly kernel: number;
  readonly stride: number;
  readonly pad?: number;
  /** Windows that begin within the map but end behind it count too. */
  readonly ceil?: boolean;
}

/** How much the mean square grows by the maximum of a window, roughly: images are smooth. */
const MAXIMUM_GAIN = 2;

/** Grows a graph from "x", 3 × side × side pixels of mean 0 and variance 1, as exporters write them. */
export class Growing {
  readonly nodes: NodeSpec[] = [];
  readonly tensors: Record<string, TensorSpec> = {};
  multiplyAdds = 0;
  readonly input: FeatureMap;

  constructor(side: number) {
    this.input = { name: 'x', channels: 3, extent: side, power: 1 };
  }

  add(op: string, inputs: readonly string[], attributes: NodeSpec['attributes'] = {}): string {
    const out = `${op}${this.nodes.length}`;
    this.nodes.push({ op, in: inputs, out: [out], name: out, attributes });
    return out;
  }

  /** A stored tensor of random numbers from `least` to `most`. */
  random(dims: readonly number[], least: number, most: number): string {
    const index = Object.keys(this.tensors).length;
    const values = new Float32Array(dims.reduce((a, b) => a * b, 1));
    const { real: next } = seeded(index + 1);
    for (let i = 0; i < values.length; i++) values[i] = least + (most - least) * next();
    this.tensors[`t${index}`] = real(dims, values);
    return `t${index}`;
  }

  /** He-initialised, so that ReLU behind it gives values as large as it was given; with a bias where nothing normalises. */
  conv(
    from: FeatureMap,
    channels: number,
    kernel: number,
    { stride = 1, groups = 1, pad = kernel >> 1, bias = false } = {},
  ): FeatureMap {
    const columns = from.channels / groups;
    const bound = Math.sqrt(6 / (columns * kernel * kernel));
    const inputs = [from.name, this.random([channels, columns, kernel, kernel], -bound, bound)];
    const power = 2 * from.power;
    if (bias) inputs.push(this.random([channels], -0.1 * Math.sqrt(power), 0.1 * Math.sqrt(power)));
    const extent = Math.floor((from.extent + 2 * pad - kernel) / stride) + 1;
    this.multiplyAdds += channels * columns * kernel ** 2 * extent ** 2;
    const attributes = { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad], group: groups };
    return { name: this.add('Conv', inputs, attributes), channels, extent, power };
  }

  /** Batch normalization whose statistics are about those of its input; factors between a half and one and a half. */
  norm(from: FeatureMap): FeatureMap {
    const { channels, power } = from;
    const unit = Math.sqrt(power);
    const inputs = [
      this.random([channels], 0.5, 1.5),
      this.random([channels], -0.2, 0.2),
      this.random([channels], -0.1 * unit, 0.1 * unit),
      this.random([channels], 0.7 * power, 1.3 * power),
    ];
    return { ...from, name: this.add('BatchNormalization', [from.name, ...inputs]), power: 1.1 };
  }

  relu = (from: FeatureMap): FeatureMap => ({ ...from, name: this.add('Relu', [from.name]), power: from.power / 2 });

  relu6(from: FeatureMap): FeatureMap {
    this.tensors.zero ??= real([], [0]);
    this.tensors.six ??= real([], [6]);
    return { ...from, name: this.add('Clip', [from.name, 'zero', 'six']), power: from.power / 2 };
  }

  sum = (a: FeatureMap, b: FeatureMap): FeatureMap => ({ ...a, name: this.add('Add', [a.name, b.name]), power: a.power + b.power });

  maxPool(from: FeatureMap, form: PoolForm): FeatureMap {
    return { ...this.#pool('MaxPool', from, form), power: MAXIMUM_GAIN * from.power };
  }

  /** Zeros of the padding count, as PyTorch has it unless told otherwise. */
  averagePool(from: FeatureMap, form: PoolForm): FeatureMap {
    return this.#pool('AveragePool', from, form, form.pad ? { count_include_pad: 1 } : {});
  }

  #pool(
    op: string,
    from: FeatureMap,
    { kernel, stride, pad = 0, ceil = false }: PoolForm,
    more: NodeSpec['attributes'] = {},
  ): FeatureMap {
    const attributes = { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad], ...more };
    const left = (from.extent + 2 * pad - kernel) / stride;
    const extent = (ceil ? Math.ceil(left) : Math.floor(left)) + 1;
    return { ...from, name: this.add(op, [from.name], ceil ? { ...attributes, ceil_mode: 1 } : attributes), extent };
  }

  concat(maps: readonly FeatureMap[]): FeatureMap {
    const names = maps.map(({ name }) => name);
    const channels = maps.reduce((n, map) => n + map.channels, 0);
    const power = maps.reduce((n, map) => n + map.power * map.channels, 0) / channels;
    return { ...maps[0], name: this.add('Concat', names, { axis: 1 }), channels, power };
  }

  /** The two halves of the channels. */
  halves(from: FeatureMap): [FeatureMap, FeatureMap] {
    const channels = from.channels / 2;
    const name = `Split${this.nodes.length}`;
    const out = [`${name}_0`, `${name}_1`];
    this.tensors[`${name}_sizes`] = whole([channels, channels]);
    this.nodes.push({ op: 'Split', in: [from.name, `${name}_sizes`], out, name, attributes: { axis: 1 } });
    return [
      { ...from, name: out[0], channels },
      { ...from, name: out[1], channels },
    ];
  }

  /** Channels in turn from each of two groups. */
  shuffle(from: FeatureMap): FeatureMap {
    const { channels, extent } = from;
    const shape = (dims: readonly number[]): string => {
      const name = `shape${dims.join('_')}`;
      this.tensors[name] ??= whole(dims);
      return name;
    };
    const apart = this.add('Reshape', [from.name, shape([-1, 2, channels / 2, extent, extent])]);
    const turned = this.add('Transpose', [apart], { perm: [0, 2, 1, 3, 4] });
    return { ...from, name: this.add('Reshape', [turned, shape([-1, channels, extent, extent])]) };
  }

  /** Global average and a linear layer. */
  end(from: FeatureMap, classes: number): Architecture {
    const flat = this.add('Flatten', [this.add('GlobalAveragePool', [from.name])]);
    const bound = Math.sqrt(3 / (from.channels * from.power));
    const inputs = [flat, this.random([classes, from.channels], -bound, bound), this.random([classes], -0.1, 0.1)];
    this.multiplyAdds += classes * from.channels;
    return this.#file({ op: 'Gemm', in: inputs, out: ['y'], name: 'classes', attributes: { transB: 1 } });
  }

  /** Global average of maps that are the classes already. */
  endWithAverage(from: FeatureMap): Architecture {
    const average = this.add('GlobalAveragePool', [from.name]);
    return this.#file({ op: 'Flatten', in: [average], out: ['y'], name: 'classes' });
  }

  #file(last: NodeSpec): Architecture {
    const { channels, extent } = this.input;
    const bytes = buildOnnx({ input: ['N', channels, extent, extent], nodes: [...this.nodes, last], tensors: this.tensors });
    return { bytes, multiplyAdds: this.multiplyAdds };
  }
}
