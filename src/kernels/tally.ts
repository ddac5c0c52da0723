import type { SpikingLayer } from '../network/network.ts';
import type { Sent } from '../network/timetable.ts';
import type { Region } from '../plan/words/regions.ts';
import { areaOf, cellsOf } from './geometry.ts';
import { type Dispatch, PLAIN } from './kernel.ts';

/**
 * Words of one layer → spikes of each neuron and the sum of their weights (`shaders/tally.wgsl`).
 * @param sent how much of the words was sent by the time in question
 */
export function tally(layer: SpikingLayer, l: number, region: Region, batch: number, phaseBits: number, sent: Sent): Dispatch {
  const { channels } = layer.shape;
  const { first: source, waveStride } = region;
  return {
    ...PLAIN,
    kernel: 'tally',
    layer: l,
    name: layer.name,
    parameters: {
      channels,
      area: areaOf(layer.shape),
      batch,
      source,
      waveStride,
      words: sent.words,
      prefix: prefixOf(sent, phaseBits),
    },
    invocations: cellsOf(layer.shape) * batch,
  };
}

/** The bits of a word that are sent, in each of four bytes. */
function prefixOf({ bits }: Sent, phaseBits: number): number {
  const rest = phaseBits - bits;
  return bits === 0 ? 0 : (((2 ** phaseBits - 1) >> rest) << rest) * 0x01010101;
}
