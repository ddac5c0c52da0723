import { shapeSize } from '../ann/ann.ts';
import { Buffers } from '../gpu/buffers.ts';
import { packParameters } from '../kernels/kernel.ts';
import { tally, tallyParameters } from '../kernels/tally.ts';
import type { Sent } from '../network/time.ts';
import type { Region } from '../plan/words/regions.ts';
import type { Session } from '../run/session.ts';
import type { LayerCounts } from './diagnosis.ts';

/** Spikes of a windowed session's layers, counted from the words that it kept (`keepWords`). */
export interface Tallies {
  /** Neurons and max pools, in order. All share two buffers, which one layer after another fills and is read from. */
  readonly counted: readonly LayerCounts[];
  /** Says how much of the words was sent by the time in question, a counted layer, and how many images there are. */
  readonly set: (images: number, sent: readonly Sent[]) => void;
  readonly dispose: () => void;
}

/** Prepares the counting. @throws DeviceError */
export async function prepareTallies({ device, network, plan, engine }: Session): Promise<Tallies> {
  const layers = network.layers.flatMap((layer, l) =>
    layer.kind === 'neurons' || (layer.kind === 'pool' && layer.mode === 'max') ? [l] : [],
  );
  const largest = layers.reduce((max, l) => Math.max(max, shapeSize(network.layers[l].shape)), 0);
  const structs = (sent: readonly Sent[]) =>
    packParameters(
      layers.map((l, i) => {
        const { shape } = network.layers[l];
        const { first, waveStride } = plan.regions.regions[l + 1] as Region;
        const { words, bits } = sent[i];
        const rest = plan.phaseBits - bits;
        const prefix = bits === 0 ? 0 : (((2 ** plan.phaseBits - 1) >> rest) << rest) * 0x01010101;
        const area = shape.height * shape.width;
        const parameters = { channels: shape.channels, area, batch: plan.batch, source: first, waveStride, words, prefix };
        return { layout: tallyParameters, parameters };
      }),
    );
  const { data, offsets } = structs(layers.map(() => ({ words: 0, bits: 0 })));
  const buffers = new Buffers(device);
  try {
    return await device.guard(`counts of "${network.name}"`, async () => {
      const counts = buffers.create('counts', 'storage', largest * plan.batch * 4);
      const decoded = buffers.create('decoded', 'storage', largest * plan.batch * 4);
      const parameters = buffers.create('parameters', 'uniform', data.byteLength);
      const batch = buffers.create('batch', 'uniform', 16);
      const counted = await Promise.all(
        layers.map(async (layer, i): Promise<LayerCounts> => {
          const bindings = {
            words: { buffer: engine.words },
            layer: { buffer: parameters, offset: offsets[i], size: tallyParameters.size },
            batch: { buffer: batch },
            counts: { buffer: counts },
            decoded: { buffer: decoded },
          };
          const { shape } = network.layers[layer];
          const invocations = Math.ceil(shape.channels / 4) * shape.height * shape.width * plan.batch;
          return { layer, counts, decoded, first: 0, tally: await tally(device, bindings, invocations) };
        }),
      );
      const set = (images: number, sent: readonly Sent[]) => {
        device.handle.queue.writeBuffer(batch, 0, Uint32Array.of(images));
        device.handle.queue.writeBuffer(parameters, 0, structs(sent).data);
      };
      return { counted, set, dispose: () => buffers.dispose() };
    });
  } catch (error) {
    buffers.dispose();
    throw error;
  }
}
