import { INPUT, shapeSize, sourceShape } from '../src/ann/ann.ts';
import { seeded } from '../src/ann/build.ts';
import { readBuffer } from '../src/gpu/buffers.ts';
import type { SpikingNeurons, SpikingTerm } from '../src/network/network.ts';
import { clampMembrane, initialMembrane, spikeCharge } from '../src/neuron/bistable.ts';
import type { Region } from '../src/plan/words/regions.ts';
import type { Session } from '../src/run/session.ts';

/** Neurons of a layer that are computed again, besides its corners. */
const PLACES = 48;

/** One neuron of one image of a batch. */
interface Place {
  readonly image: number;
  readonly channel: number;
  readonly y: number;
  readonly x: number;
}

/** What a source sends in a wave: words, sums of words, or pixels less their zero point. */
type Sent = (wave: number, image: number, channel: number, y: number, x: number) => number;

/**
 * Some neurons of a layer, computed from what its sources sent, by the rule of one neuron (`src/neuron`): layers are too large
 * for the reference to simulate all of them. The session has `keepWords` and has just run `pixels`, one full batch.
 * @throws Error at the first word that is not the same
 */
export async function checkLayer(session: Session, pixels: Uint8Array, layer: number): Promise<void> {
  const { network, plan } = session;
  const neurons = network.layers[layer];
  if (neurons.kind !== 'neurons') throw new Error(`layer "${neurons.name}" is no layer of neurons`);
  const sent = await sentBy(session, layer);
  const sources: Sent[] = [];
  for (const { source } of neurons.terms)
    sources.push(source === INPUT ? pixelsOf(session, pixels) : await sentBy(session, source));
  for (const place of placesOf(neurons, plan.batch)) {
    wordsAt(session, neurons, sources, place).forEach((word, wave) => {
      const got = sent(wave, place.image, place.channel, place.y, place.x);
      if (got !== word) throw new Error(`${network.name}, ${neurons.name}, ${JSON.stringify(place)}: word ${got}, not ${word}`);
    });
  }
}

/** The corners of the first and last image, and places at random. */
function placesOf({ shape }: SpikingNeurons, batch: number): Place[] {
  const random = seeded(shapeSize(shape));
  const [image, channel, y, x] = [batch, shape.channels, shape.height, shape.width].map((n) => n - 1);
  const corners = Array.from({ length: 16 }, (_, i) => ({
    image: i & 1 ? image : 0,
    channel: i & 2 ? channel : 0,
    y: i & 4 ? y : 0,
    x: i & 8 ? x : 0,
  }));
  const below = (n: number) => random.integer(0, n);
  const inside = Array.from({ length: PLACES }, () => ({ image: below(image), channel: below(channel), y: below(y), x: below(x) }));
  return [...corners, ...inside];
}

/** The words of one neuron, wave after wave (specification, section 2). */
function wordsAt({ network, plan }: Session, layer: SpikingNeurons, sources: readonly Sent[], place: Place): number[] {
  const g = layer.gridBits[place.channel];
  const K = network.timetable.layers[layer.depth].phases;
  let v = initialMembrane(g, network.initial);
  return Array.from({ length: plan.waves }, (_, wave) => {
    const current = layer.terms.reduce(
      (sum, term, t) =>
        sum + currentOf(layer, term, sourceShape(network, term.source), sources[t], wave, place) * 2 ** term.shifts[place.channel],
      layer.bias[place.channel],
    );
    v = clampMembrane(v + current);
    let word = 0;
    for (let phase = 0; phase < K; phase++) {
      const charge = spikeCharge(g, K, phase);
      const spike = v >= charge ? 1 : 0;
      v -= spike * charge;
      word = 2 * word + spike;
    }
    return word;
  });
}

/** Σ w · word of one term. */
function currentOf(
  layer: SpikingNeurons,
  { operator }: SpikingTerm,
  source: SpikingNeurons['shape'],
  sent: Sent,
  wave: number,
  { image, channel, y, x }: Place,
): number {
  if (operator.type === 'identity') return operator.weights[channel] * sent(wave, image, channel, y, x);
  const { kernel, stride, pads, dilation } = operator.window;
  const inputs = source.channels / operator.groups;
  const first = Math.floor(channel / (layer.shape.channels / operator.groups)) * inputs;
  let sum = 0;
  for (let ky = 0; ky < kernel[0]; ky++) {
    const iy = y * stride[0] + ky * dilation[0] - pads[0];
    if (iy < 0 || iy >= source.height) continue;
    for (let kx = 0; kx < kernel[1]; kx++) {
      const ix = x * stride[1] + kx * dilation[1] - pads[1];
      if (ix < 0 || ix >= source.width) continue;
      for (let i = 0; i < inputs; i++) {
        const w = operator.weights[((channel * inputs + i) * kernel[0] + ky) * kernel[1] + kx];
        sum += w * sent(wave, image, first + i, iy, ix);
      }
    }
  }
  return sum;
}

/** q = p − zero, the same in every wave. */
function pixelsOf({ network }: Session, pixels: Uint8Array): Sent {
  const { shape, units } = network.input;
  return (_, image, channel, y, x) =>
    pixels[((image * shape.channels + channel) * shape.height + y) * shape.width + x] - units.zero[channel];
}

/** What a layer sent, read back from the arena: four channels to a u32, bytes of sums in planes. */
async function sentBy({ device, engine, network, plan }: Session, layer: number): Promise<Sent> {
  const region = plan.regions.regions[layer + 1] as Region;
  const bytes = region.waveStride * region.phases * plan.waves * 4;
  const stored = new Uint32Array(await readBuffer(device, engine.data.words, region.first * 4, bytes));
  const { height, width } = network.layers[layer].shape;
  return (wave, image, channel, y, x) => {
    let value = 0;
    for (let plane = 0; plane < region.planes; plane++) {
      const instant = wave * region.phases + region.phases - 1;
      const at =
        instant * region.waveStride + plane * region.planeStride + (((channel >> 2) * height + y) * width + x) * plan.batch;
      value += ((stored[at + image] >>> (8 * (channel & 3))) & 0xff) * 2 ** (8 * plane);
    }
    return value;
  };
}
