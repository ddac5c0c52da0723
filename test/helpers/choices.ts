import type { Device } from '../../src/gpu/device.ts';
import type { Choice } from '../../src/plan/choices.ts';

/** Ways to compute a layer in which every form, every arithmetic and both places of weights occur; those that the device has. */
export function choicesOf(device: Device): Choice[] {
  const all: Choice[] = [
    { form: 'registers', arithmetic: 'halves', weights: 'uniform' },
    { form: 'registers', arithmetic: 'integers', weights: 'uniform' },
    { form: 'registers', arithmetic: 'packed', weights: 'storage' },
    { form: 'registers', arithmetic: 'f32', weights: 'uniform' },
    { form: 'tiled', arithmetic: 'packed', weights: 'storage' },
    { form: 'tiled', arithmetic: 'integers', weights: 'storage' },
    { form: 'tiled', arithmetic: 'f32', weights: 'storage' },
    { form: 'matrix', arithmetic: 'packed', weights: 'storage' },
  ];
  return all.filter(
    ({ form, arithmetic }) => (form !== 'matrix' || device.matrix) && (arithmetic !== 'packed' || device.packedDot),
  );
}

export const choiceName = ({ form, arithmetic, weights }: Choice): string => `${form} ${arithmetic} ${weights}`;
