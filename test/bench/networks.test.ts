import { describe, expect, it } from 'vitest';
import { resnet, vgg16 } from '../../bench/networks.ts';
import { type Ann, shapeSize } from '../../src/ann/ann.ts';

/** Weights of all convolutions, and what they cost for one image. */
function sizes({ layers }: Ann): { readonly weights: number; readonly macs: number } {
  let [weights, macs] = [0, 0];
  for (const layer of layers) {
    if (layer.kind === 'pool') continue;
    for (const { operator } of layer.terms) {
      if (operator.type === 'identity') continue;
      weights += operator.weights.length;
      macs += operator.weights.length * layer.shape.height * layer.shape.width;
    }
  }
  return { weights, macs };
}

const stage = (channels: number, size: number) => channels * channels * 9 * size * size;

describe('networks of the literature have their sizes', () => {
  it('ResNet-20 on CIFAR-10', () => {
    const macs =
      3 * 16 * 9 * 1024 + 6 * stage(16, 32) + 5 * stage(32, 16) + 5 * stage(64, 8) + 16 * 32 * 10 * 256 + 32 * 64 * 10 * 64 + 640;
    expect(sizes(resnet({ depth: 20, width: 1, resolution: 32, classes: 10 })).macs).toBe(macs);
  });

  // torchvision's resnet34 has 21,797,672 parameters, of which 17,024 are batch norms' and 1,000 biases
  it('ResNet-34 on ImageNet: 21.8 million weights, 3.66 GMAC', () => {
    const { weights, macs } = sizes(resnet({ depth: 34, width: 1, resolution: 224, classes: 1000 }));
    expect(weights).toBe(21_797_672 - 17_024 - 1000);
    expect(macs).toBe(3_663_761_408);
  });

  // 13 convolutions: 14,710,464 weights
  it.each([
    [512, 14_710_464 + 512 * 512 * 2 + 5120],
    [4096, 14_710_464 + 512 * 4096 + 4096 * 4096 + 40_960],
  ])('VGG-16 with hidden layers of %i', (hidden, weights) => {
    expect(sizes(vgg16({ width: 1, hidden, classes: 10, resolution: 32 })).weights).toBe(weights);
  });

  it.each([
    { depth: 8, layers: 7 + 2 },
    { depth: 56, layers: 55 + 2 },
    { depth: 18, layers: 17 + 3 },
  ])('depth $depth: so many layers of neurons, and pools and readout', ({ depth, layers }) => {
    expect(resnet({ depth, width: 1, resolution: 32, classes: 10 }).layers.length).toBe(layers);
  });
});

it('widths multiply channels, resolutions maps', () => {
  const { layers } = resnet({ depth: 8, width: 0.5, resolution: 16, classes: 10 });
  expect(layers[0].shape).toEqual({ channels: 8, height: 16, width: 16 });
  expect(layers.at(-2)?.shape).toEqual({ channels: 32, height: 1, width: 1 });
  expect(shapeSize(layers[6].shape)).toBe(32 * 4 * 4);
});

it('is the same network every time', () => {
  const network = () => resnet({ depth: 8, width: 1, resolution: 16, classes: 10 });
  expect(network()).toEqual(network());
});

it('refuses a depth that no residual network has', () => {
  expect(() => resnet({ depth: 21, width: 1, resolution: 32, classes: 10 })).toThrow(/21 is neither/);
});
