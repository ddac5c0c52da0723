import type { Span, Timetable } from './timetable.ts';
import { wordSteps } from './timetable.ts';

/**
 * Interleaving (specification, section 6): layers are idle in part of each period, and other images can use the time. A stream of
 * independent images, one word each, image m from step m·cycle on, all of its spans shifted by as much:
 *
 *     cycle = max_d K_d          no two images integrate, and no two fire, at one depth at one time, since no span is longer
 *
 * An image is in a neuron for w_d + K_d ≤ 2·cycle steps, so two membranes a neuron suffice, used in turn: image m has m mod 2.
 * Only for neurons with windows and synchronous neurons: without them spikes arrive in windows that are another image's.
 */
export interface Interleaving {
  /** Steps between the onsets of two images. */
  readonly cycle: number;
  /** Steps from an image's onset to its logits: T_1. */
  readonly latency: number;
  /** Membranes of each neuron. */
  readonly membranes: 2;
  /**
   * Two images that are held for several waves fit the period too, the second one cycle after the first: period ≥ 2·cycle, as with
   * one K. Where K differs by depth the period can be shorter; then the images of a stream have one word each, or wait.
   */
  readonly held: boolean;
}

/** How a stream of images can share a network's time. */
export function interleaved(timetable: Timetable): Interleaving {
  const cycle = Math.max(...timetable.layers.map(({ phases }) => phases));
  return { cycle, latency: wordSteps(timetable, 1), membranes: 2, held: timetable.period >= 2 * cycle };
}

/** Which image (from 0) of a stream a depth integrates in a step; null for none. */
export const integratedImage = (timetable: Timetable, depth: number, step: number): number | null =>
  occupant(timetable.layers[depth].integrates, interleaved(timetable).cycle, step);

/** Which image (from 0) of a stream a depth sends in a step; null for none. */
export const firedImage = (timetable: Timetable, depth: number, step: number): number | null =>
  occupant(timetable.layers[depth].fires, interleaved(timetable).cycle, step);

function occupant({ first, steps }: Span, cycle: number, step: number): number | null {
  const image = Math.floor((step - first) / cycle);
  return image >= 0 && step - first - image * cycle < steps ? image : null;
}
