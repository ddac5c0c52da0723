import type { Device } from '../../src/gpu/device.ts';
import type { Choice } from '../../src/plan/choices.ts';
import { device } from './device.ts';
import { hardware } from './hardware.ts';

/** A device, and how its layers are computed where that is not its own choice. */
export interface Way extends Partial<Choice> {
  readonly on: Device;
}

/**
 * Ways to compute a network in which every form, every arithmetic and both places of weights occur; those that the tests' device has. What only
 * cards take is run as they do (their texts without broadcast, their workgroups), first of all their own choice.
 */
export function waysOfDevice(): Way[] {
  const [own, card] = [device as Device, hardware as Device];
  const all: Way[] = [
    { on: card },
    { on: own, form: 'registers', arithmetic: 'halves', weights: 'uniform' },
    { on: own, form: 'registers', arithmetic: 'integers', weights: 'storage' },
    { on: card, form: 'registers', arithmetic: 'f32', weights: 'uniform' },
    { on: card, form: '8x4', arithmetic: 'packed', weights: 'uniform' },
    { on: card, form: '4x4', arithmetic: 'packed', weights: 'storage' },
    { on: card, form: '4x4', arithmetic: 'integers', weights: 'uniform' },
    { on: card, form: 'tiled', arithmetic: 'packed', weights: 'storage' },
    { on: card, form: 'tiled', arithmetic: 'integers', weights: 'storage' },
    { on: card, form: 'tiled', arithmetic: 'f32', weights: 'storage' },
    { on: card, form: 'matrix', arithmetic: 'packed', weights: 'storage' },
  ];
  return all.filter(({ form, arithmetic }) => (form !== 'matrix' || own.matrix) && (arithmetic !== 'packed' || own.packedDot));
}
