import type { DelayLine, Train } from '../plan/trains/layout.ts';
import { PLAIN } from './kernel.ts';
import { ALWAYS, type TrainContext, type TrainDispatch } from './trains.ts';

/** A row of synchronous neurons (`shaders/synchronize.wgsl`). */
export function synchronize({ network, layout }: TrainContext, { source: l, delay, ring, train }: DelayLine): TrainDispatch {
  const source = layout.trains[l] as Train;
  const { groupStride } = train;
  return {
    ...PLAIN,
    kernel: 'synchronize',
    layer: l,
    name: `${network.layers[l].name} + ${delay}`,
    parameters: { source: source.first, sent: train.first, ring, groupStride, groups: layout.groups, delay },
    invocations: groupStride,
    when: { ...ALWAYS, windows: [{ first: network.layers[l].depth, every: 1 }] },
  };
}
