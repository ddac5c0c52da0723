import { shapeSize } from '../ann/ann.ts';
import { readBuffer } from '../gpu/buffers.ts';
import type { AnnSession } from '../run/ann-session.ts';
import type { CalibrationSession } from '../run/calibration-session.ts';

/**
 * Activations of one layer of the last batch that a session with `keepCells` ran, [image][channel][y][x]. For tests and pictures:
 * it reads the whole layer back.
 */
export async function readActivations(session: AnnSession, layer: number, images: number): Promise<Float32Array> {
  const cells = new Float32Array(await readCells(session, layer));
  return Float32Array.from(placesOf(session, layer, images), (at) => cells[at]);
}

/** The same of a calibration's session: integers on the layer's grid. */
export async function readIntegers(session: CalibrationSession, layer: number, images: number): Promise<Int32Array> {
  const cells = new Int32Array(await readCells(session, layer));
  return Int32Array.from(placesOf(session, layer, images), (at) => cells[at]);
}

type Cells = Pick<AnnSession | CalibrationSession, 'ann' | 'plan' | 'engine' | 'device'>;

/** All cells of a layer. */
function readCells({ ann, plan: { batch, layers }, engine, device }: Cells, layer: number): Promise<ArrayBuffer> {
  const { channels, height, width } = ann.layers[layer].shape;
  return readBuffer(device, engine.data.cells, layers[layer] * 16, Math.ceil(channels / 4) * height * width * batch * 16);
}

/** Where each value is among a layer's cells. */
function placesOf({ ann, plan: { batch } }: Cells, layer: number, images: number): Uint32Array {
  const { shape } = ann.layers[layer];
  const area = shape.height * shape.width;
  const size = shapeSize(shape);
  return Uint32Array.from({ length: images * size }, (_, i) => {
    const channel = Math.floor((i % size) / area);
    const place = Math.floor(channel / 4) * area + (i % area);
    return (place * batch + Math.floor(i / size)) * 4 + (channel % 4);
  });
}
