import { shapeSize } from '../ann/ann.ts';
import { OptionError } from '../errors.ts';
import { readBuffer } from '../gpu/buffers.ts';
import type { Region } from '../plan/words/regions.ts';
import type { Session } from '../run/session.ts';

/**
 * Words of one layer of the last batch that a session with `keepWords` ran, [wave][image][channel][y][x]; sums for sum pools.
 * For tests and diagnosis: it reads the whole region back.
 */
export async function readWords(session: Session, layer: number, images: number): Promise<Int32Array> {
  const { network, plan } = session;
  const region = plan.regions.regions[layer + 1] as Region;
  const { shape } = network.layers[layer];
  const stored = new Uint32Array(
    await readBuffer(
      session.device,
      session.engine.data.words,
      region.first * 4,
      region.waveStride * region.phases * plan.waves * 4,
    ),
  );
  const size = shapeSize(shape);
  const area = shape.height * shape.width;
  const words = new Int32Array(plan.waves * images * size);
  for (let wave = 0; wave < plan.waves; wave++) {
    const instant = wave * region.phases + region.phases - 1;
    for (let plane = 0; plane < region.planes; plane++) {
      for (let i = 0; i < size; i++) {
        const channel = Math.floor(i / area);
        const at = instant * region.waveStride + plane * region.planeStride + ((channel >> 2) * area + (i % area)) * plan.batch;
        for (let n = 0; n < images; n++) {
          const byte = (stored[at + n] >>> (8 * (channel & 3))) & 0xff;
          words[(wave * images + n) * size + i] += byte * 2 ** (8 * plane);
        }
      }
    }
  }
  return words;
}

/** Membranes of one layer after the last wave of the last batch, [image][channel][y][x]. Needs `keepMembranes`. */
export async function readMembranes(session: Session, layer: number, images: number): Promise<Int32Array> {
  const { network, plan } = session;
  const first = plan.membranes[layer];
  if (first < 0)
    throw new OptionError(
      'keepMembranes',
      `layer "${network.layers[layer].name}"`,
      'its membranes were not kept',
      'create the session with keepMembranes',
    );
  const size = shapeSize(network.layers[layer].shape);
  const stored = new Int32Array(await readBuffer(session.device, session.engine.data.membranes, first * 4, size * plan.batch * 4));
  return Int32Array.from({ length: images * size }, (_, i) => stored[(i % size) * plan.batch + Math.floor(i / size)]);
}
