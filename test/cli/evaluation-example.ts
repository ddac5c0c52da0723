import type { EvaluationResult, SavedEvaluation } from '../../src/evaluate/result.ts';

/** A result with a curve that rises from 10 % by 1 % a step and reaches the trained network's accuracy. */
export function example(options: { phaseBits?: number; waves?: number; classes?: number } = {}): EvaluationResult {
  const { phaseBits = 4, waves = 3, classes = 10 } = options;
  const firstOutput = 8 * phaseBits;
  const wordSteps = Array.from({ length: waves }, (_, i) => firstOutput + 2 * phaseBits * i);
  const timesteps = wordSteps[waves - 1];
  const first = firstOutput - phaseBits + 1;
  const curve = Array.from({ length: timesteps - first + 1 }, (_, i) => {
    const top1 = Math.min(0.99, 0.1 + i * 0.01);
    return { t: first + i, top1, top5: Math.min(1, top1 + 0.1) };
  });
  return {
    model: 'resnet',
    dataset: 'mnist',
    images: 1000,
    classes,
    phaseBits,
    phaseChoice: null,
    waves,
    initial: 'half',
    batch: 64,
    scale: 'percentile',
    percentile: 99.9,
    perChannel: false,
    correctBias: false,
    calibrationImages: 500,
    calibratedOn: 'training',
    normalization: { mean: [0.1307], std: [0.3081], meanFrom: 'sidecar', stdFrom: 'sidecar' },
    ann: { top1: 0.99, top5: 1 },
    snn: { top1: 0.99, top5: 1, timesteps, firstOutput, wordSteps, window: phaseBits, curve, agreement: 0.998 },
    layers: [
      { name: 'first', neurons: 40_000, spikesPerImage: 60_000, gridBits: [3, 5] },
      { name: 'readout', neurons: classes, spikesPerImage: 0, gridBits: [4, 4] },
    ],
    spikesPerImage: 60_000,
    diagnosis: null,
    tuned: false,
    tunedShapes: 0,
    device: { adapter: 'llvmpipe', driver: 'Mesa 25.0.7', software: true },
    skipped: [],
    notes: [],
    digest: null,
    part: null,
    timing: {
      seconds: 9.87,
      imagesPerSecond: 264.3,
      macsPerSecond: 4.18e9,
      importSeconds: 0.01,
      compileSeconds: 0.2,
      calibrationSeconds: 1.5,
      annSeconds: 1.1,
      snnSeconds: 3.8,
      firstResultSeconds: 6.1,
      steadyImagesPerSecond: 270.4,
      readImagesPerSecond: 1234,
      gpuIdleShare: 0.04,
      peakGpuBytes: 73_400_320,
    },
  };
}

/** The same of a saved network, whose file says where its scales come from, or does not. */
export function savedExample(scales = true): SavedEvaluation {
  const { snn, ...rest } = example();
  const unknown = { percentile: null, calibrationImages: null, calibratedOn: null };
  return { ...rest, ...(scales ? {} : unknown), ann: null, snn: { ...snn, agreement: null }, diagnosis: null, phaseChoice: null };
}
