import { shapeSize } from '../ann/ann.ts';
import { tally } from '../kernels/tally.ts';
import { phasesAt } from '../network/network.ts';
import type { Sent } from '../network/timetable.ts';
import { type Program, storage, uniform } from '../plan/program.ts';
import type { Region } from '../plan/words/regions.ts';
import { load, packParameters } from '../run/load.ts';
import type { Session } from '../run/session.ts';
import type { Counts } from './diagnosis.ts';

/** Spikes of a windowed session's layers, counted from the words that it kept (`keepWords`). */
export interface Tallies extends Counts {
  /** Says how much of the words was sent by the time in question, a counted layer, and how many images there are. */
  readonly set: (images: number, sent: readonly Sent[]) => void;
  readonly dispose: () => void;
}

/** Prepares the counting of neurons and max pools: one layer after another fills the same two buffers. @throws DeviceError */
export async function prepareTallies({ device, network, plan, engine }: Session): Promise<Tallies> {
  const layers = network.layers.flatMap((layer, l) =>
    layer.kind === 'neurons' || (layer.kind === 'pool' && layer.mode === 'max') ? [l] : [],
  );
  const largest = layers.reduce((max, l) => Math.max(max, shapeSize(network.layers[l].shape)), 0);
  const dispatchesFor = (sent: readonly Sent[]) =>
    layers.map((l, i) =>
      tally(network.layers[l], l, plan.regions.regions[l + 1] as Region, plan.batch, phasesAt(network, l), sent[i]),
    );
  const program: Program = {
    network: network.name,
    batch: plan.batch,
    buffers: {
      counts: storage(largest * plan.batch * 4),
      decoded: storage(largest * plan.batch * 4),
      batch: uniform(16),
    },
    dispatches: dispatchesFor(layers.map(() => ({ words: 0, bits: 0 }))),
    contents: [],
    results: [],
  };
  const { buffers, data, kernels, parameters } = await load(device, program, {}, { words: engine.data.words });
  return {
    counts: data.counts,
    decoded: data.decoded,
    layers: layers.map((layer, i) => ({ layer, first: 0, tally: kernels[i] })),
    set: (images, sent) => {
      device.handle.queue.writeBuffer(data.batch, 0, Uint32Array.of(images));
      device.handle.queue.writeBuffer(parameters, 0, packParameters(dispatchesFor(sent)).data);
    },
    dispose: () => buffers.dispose(),
  };
}
