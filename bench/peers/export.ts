import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ann, Convolution, Identity, Shape } from '../../src/ann/ann.ts';
import type { SpikingNetwork } from '../../src/network/network.ts';
import { oneK } from '../../src/network/timetable.ts';
import type { Normalization } from '../../src/run/ann-session.ts';
import type { RunResult } from '../../src/run/session.ts';
import type { Images } from './images.ts';

/** Everything a peer needs: both networks, the images, and the potentials that it must find. */
export interface Exported {
  readonly network: SpikingNetwork;
  readonly ann: Ann;
  readonly normalization: Normalization;
  readonly images: Images;
  /** Pixels, [image][channel][y][x]. */
  readonly calibration: Uint8Array;
  /** What the windowed engine found on `images`. */
  readonly run: Pick<RunResult, 'steps' | 'potentials' | 'units'>;
  readonly waves: number;
  /** Images at once. */
  readonly batch: { readonly cpu: number; readonly cuda: number };
}

type Values = Uint8Array | Int8Array | Int32Array | Float32Array | Float64Array;

/** Where an array lies in arrays.bin: little-endian, its last index fastest. */
interface Reference {
  readonly type: 'u8' | 'i8' | 'i32' | 'f32';
  readonly offset: number;
  readonly shape: readonly number[];
}

/** Gathers arrays for one file; each starts at a multiple of 8 bytes. */
function arrayFile(): { put(values: Values, shape?: readonly number[]): Reference; bytes(): Buffer } {
  const parts: Buffer[] = [];
  let end = 0;
  const typeOf = (values: Values): Reference['type'] =>
    values instanceof Uint8Array ? 'u8' : values instanceof Int8Array ? 'i8' : values instanceof Int32Array ? 'i32' : 'f32';
  return {
    put(values, shape = [values.length]) {
      const offset = end;
      const padding = (8 - (values.byteLength % 8)) % 8;
      parts.push(Buffer.from(values.buffer, values.byteOffset, values.byteLength), Buffer.alloc(padding));
      end += values.byteLength + padding;
      return { type: typeOf(values), offset, shape };
    },
    bytes: () => Buffer.concat(parts),
  };
}

const sizes = ({ channels, height, width }: Shape): number[] => [channels, height, width];

/** Writes network.json and arrays.bin into a folder; `network.py` reads them. */
export function exportNetwork(folder: string, exported: Exported): void {
  const { network, ann, normalization, images, calibration, run, waves, batch } = exported;
  const arrays = arrayFile();
  const input = sizes(network.input.shape);
  const operator = (op: Convolution<Values> | Identity<Values>, outputs: number) => {
    if (op.type === 'identity') return { type: op.type, weights: arrays.put(op.weights) };
    const [height, width] = op.window.kernel;
    const inputs = op.weights.length / (outputs * height * width);
    const shape = [outputs, inputs, height, width];
    return { type: op.type, weights: arrays.put(op.weights, shape), window: op.window, groups: op.groups };
  };
  const layers = network.layers.map((layer) =>
    layer.kind === 'pool'
      ? { ...layer, shape: sizes(layer.shape) }
      : {
          ...layer,
          shape: sizes(layer.shape),
          gridBits: arrays.put(layer.gridBits),
          bias: arrays.put(layer.bias),
          terms: layer.terms.map((term) => ({ ...term, operator: operator(term.operator, layer.shape.channels) })),
        },
  );
  const annLayers = ann.layers.map((layer) =>
    layer.kind === 'pool'
      ? { ...layer, shape: sizes(layer.shape) }
      : {
          ...layer,
          shape: sizes(layer.shape),
          ceiling: layer.kind === 'neurons' && Number.isFinite(layer.ceiling) ? layer.ceiling : null,
          bias: arrays.put(layer.bias),
          terms: layer.terms.map((term) => ({ ...term, operator: operator(term.operator, layer.shape.channels) })),
        },
  );
  const classes = network.layers[network.layers.length - 1].shape.channels;
  const description = {
    name: network.name,
    phaseBits: oneK(network.timetable),
    initial: network.initial,
    waves,
    batch,
    zeroPoint: arrays.put(network.input.units.zero),
    layers,
    ann: { mean: normalization.mean, std: normalization.std, layers: annLayers },
    pixels: arrays.put(images.pixels, [images.count, ...input]),
    labels: arrays.put(Int32Array.from(images.labels)),
    calibration: arrays.put(calibration, [calibration.length / input.reduce((a, b) => a * b), ...input]),
    steps: run.steps,
    potentials: arrays.put(run.potentials, [run.steps.length, images.count, classes]),
    units: Array.from(run.units),
  };
  writeFileSync(join(folder, 'network.json'), JSON.stringify(description));
  writeFileSync(join(folder, 'arrays.bin'), arrays.bytes());
}
