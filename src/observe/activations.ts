import { shapeSize } from '../ann/ann.ts';
import { readBuffer } from '../gpu/buffers.ts';
import type { AnnSession } from '../run/ann-session.ts';

/**
 * Activations of one layer of the last batch that a session with `keepCells` ran, [image][channel][y][x]. For tests and pictures:
 * it reads the whole layer back.
 */
export async function readActivations(session: AnnSession, layer: number, images: number): Promise<Float32Array> {
  const { shape } = session.ann.layers[layer];
  const { batch, layers } = session.plan;
  const area = shape.height * shape.width;
  const size = shapeSize(shape);
  const bytes = Math.ceil(shape.channels / 4) * area * batch * 16;
  const cells = new Float32Array(await readBuffer(session.device, session.engine.data.cells, layers[layer] * 16, bytes));
  return Float32Array.from({ length: images * size }, (_, i) => {
    const channel = Math.floor((i % size) / area);
    const place = Math.floor(channel / 4) * area + (i % area);
    return cells[(place * batch + Math.floor(i / size)) * 4 + (channel % 4)];
  });
}
