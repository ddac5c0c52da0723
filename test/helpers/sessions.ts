import type { Ann } from '../../src/ann/ann.ts';
import { ann, convolution, map, neurons, readout, SAME, seeded, square, randomWeights as weightsOf } from '../../src/ann/build.ts';
import type { Device } from '../../src/gpu/device.ts';
import type { Program } from '../../src/plan/program.ts';
import { AnnSession } from '../../src/run/ann-session.ts';
import { Session } from '../../src/run/session.ts';
import type { ImageSource } from '../../src/run/source.ts';
import { SteppedSession, type SteppedSessionOptions } from '../../src/run/stepped-session.ts';
import { onGrid } from '../network/hand-made.ts';

/**
 * A few kinds of layers whose weights are more than anything else of a small batch; the first reads many channels of pixels.
 * @param hidden neurons of the layer before the readout
 */
function weighty(hidden: number): Ann {
  const random = seeded(11);
  const side = 3;
  const conv = (source: number, outputs: number, inputs: number) =>
    convolution(source, weightsOf(random, outputs, inputs * 9), SAME);
  return ann(map(24, side), [
    neurons('pixels', map(72, side), [conv(-1, 72, 24)]),
    neurons('wide', map(80, side), [conv(0, 80, 72)]),
    neurons('join', map(80, side), [conv(1, 80, 80), conv(0, 80, 72)]),
    neurons('hidden', map(hidden), [convolution(2, weightsOf(random, hidden, 80 * side * side), square(side))]),
    readout(20, [convolution(3, weightsOf(random, 20, hidden))]),
  ]);
}

export const TRAINED = weighty(40);
export const SPIKING = onGrid(TRAINED);

/** What every session has. */
export interface AnySession {
  readonly plan: Program;
  readonly bytes: number;
  readonly refusedBatch: number | null;
  dispose(): void;
}

/** One kind of session, as tests for all of them see it. */
export interface Kind<S extends AnySession = AnySession> {
  readonly name: string;
  /** A storage binding, in bytes, that holds all of one image's buffers and a tile of weights, but no layer's weights. */
  readonly binding: number;
  create(device: Device, options?: { readonly batch?: number; readonly memory?: number }): Promise<S>;
  /** Everything that it yields of some images. */
  results(session: S, pixels: Uint8Array): Promise<unknown>;
  run(session: S, source: ImageSource): Promise<unknown>;
}

const stepped = (name: string, own: Partial<SteppedSessionOptions>): Kind<SteppedSession> => ({
  name: `stepped, ${name}`,
  binding: 2 ** 14,
  create: (device, options) => SteppedSession.create(device, SPIKING, { timesteps: 20, ...own, ...options }),
  results: async (session, pixels) => {
    const { potentials, spikes } = await session.classify(pixels);
    return { potentials, spikes };
  },
  run: (session, source) => session.run(source, () => {}),
});

export const WINDOWED: Kind<Session> = {
  name: 'windowed',
  binding: 2 ** 14,
  create: (device, options) => Session.create(device, SPIKING, { waves: 2, ...options }),
  results: async (session, pixels) => {
    const { potentials, spikes } = await session.classify(pixels);
    return { potentials, spikes };
  },
  run: (session, source) => session.run(source, () => {}),
};

export const STEPPED = stepped('bistable', {});

const trained = (net: Ann): Kind<AnnSession> => ({
  name: 'trained',
  binding: 2 ** 20,
  create: (device, options) => AnnSession.create(device, net, { mean: [0.45], std: [0.25], ...options }),
  results: async (session, pixels) => (await session.classify(pixels)).logits,
  run: (session, source) => session.run(source, () => {}),
});

export const F32 = trained(TRAINED);

/** One of each. */
export const KINDS = [WINDOWED, STEPPED, F32] as readonly Kind[];

/** All ways in which weights are bound. */
export const WAYS = [
  WINDOWED,
  stepped('dense', { convolution: 'dense' }),
  stepped('spikes', { convolution: 'spikes' }),
  stepped('if, dense', { neuron: { name: 'if' }, convolution: 'dense' }),
  stepped('if, spikes', { neuron: { name: 'if' }, convolution: 'spikes' }),
  trained(weighty(512)),
] as readonly Kind[];
