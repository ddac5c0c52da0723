import type { Architecture } from './growing.ts';
import { inceptionV1, inceptionV2 } from './inception.ts';
import { bottleneckResNet, denseNet, preActResNet, resNet } from './residual.ts';
import { mobileNetV1, mobileNetV2, shuffleNetV2, squeezeNet } from './small.ts';

/** Every architecture for images of 3 × side × side and 1,000 classes, by name. */
export const ARCHITECTURES: Readonly<Record<string, (side: number) => Architecture>> = {
  'ResNet-18': (side) => resNet(side),
  'ResNet-34': (side) => resNet(side, [3, 4, 6, 3]),
  'ResNet-50': (side) => bottleneckResNet(side),
  'PreActResNet-18': (side) => preActResNet(side),
  'DenseNet-121': (side) => denseNet(side),
  'Inception-v1': (side) => inceptionV1(side),
  'Inception-v2': (side) => inceptionV2(side),
  MobileNetV1: mobileNetV1,
  MobileNetV2: mobileNetV2,
  ShuffleNetV2: (side) => shuffleNetV2(side),
  'SqueezeNet-1.1': squeezeNet,
};
