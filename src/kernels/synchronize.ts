import type { DelayLine, Train } from '../plan/trains/layout.ts';
import { PLAIN } from './kernel.ts';
import { ALWAYS, from, type TrainContext, type TrainDispatch } from './trains.ts';

/** A row of synchronous neurons (`shaders/synchronize.wgsl`). */
export function synchronize({ network, layout }: TrainContext, { source: l, hold, ring, train }: DelayLine): TrainDispatch {
  const source = layout.trains[l] as Train;
  const { groupStride } = train;
  return {
    ...PLAIN,
    kernel: 'synchronize',
    layer: l,
    name: `${network.layers[l].name} + ${hold} steps`,
    parameters: { source: source.first, sent: train.first, ring, groupStride, hold },
    invocations: groupStride,
    when: { ...ALWAYS, during: [from(network.timetable.layers[network.layers[l].depth].fires.first)] },
  };
}
