import fc from 'fast-check';
import {
  type Ann,
  type AnnLayer,
  type AnnTerm,
  type Convolution,
  INPUT,
  type Shape,
  sourceShape,
  type Window,
  windowOutput,
} from '../../src/ann/ann.ts';
import { randomWeights, type Seeded, seeded } from '../../src/ann/build.ts';
import { keepRead } from '../../src/lower/finish.ts';
import type { SpikingNetwork } from '../../src/network/network.ts';
import { depths } from '../../src/quantize/joins.ts';
import { quantize } from '../../src/quantize/quantize.ts';

export { randomPixels } from '../../src/ann/build.ts';

/** What a random network is made from. */
export interface Recipe {
  readonly seed: number;
  readonly layers: number;
  readonly channels: number;
  readonly size: number;
  readonly phaseBits: number;
  /** K of each depth is drawn from the seed, and `phaseBits` is not looked at. */
  readonly byDepth?: boolean;
  /** Each channel has a λ of its own, the readout's classes one for all. */
  readonly perChannel?: boolean;
  readonly waves: number;
  readonly initial: 'half' | 'zero';
}

export const recipes: fc.Arbitrary<Recipe> = fc.record({
  seed: fc.integer(),
  layers: fc.integer({ min: 1, max: 6 }),
  channels: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 70 })),
  size: fc.integer({ min: 1, max: 13 }),
  phaseBits: fc.integer({ min: 1, max: 8 }),
  waves: fc.integer({ min: 1, max: 4 }),
  initial: fc.constantFrom('half', 'zero'),
});

/** The same with λ by channel. */
export const recipesByChannel: fc.Arbitrary<Recipe> = recipes.map((recipe) => ({ ...recipe, perChannel: true }));

/** The same with K by depth; for engines that read the timetable. */
export const recipesByDepth: fc.Arbitrary<Recipe> = recipes.map((recipe) => ({ ...recipe, byDepth: true }));

const POINT: Window = { kernel: [1, 1], stride: [1, 1], pads: [0, 0, 0, 0], dilation: [1, 1] };

/** A network with convolutions of all kinds, joins of unequal depth, max and average pools. */
export function randomAnn(recipe: Recipe): Ann {
  const random = seeded(recipe.seed);
  const input: Shape = {
    channels: random.integer(1, Math.min(recipe.channels, 20)),
    height: random.integer(1, recipe.size),
    width: random.integer(1, recipe.size),
  };
  const layers: AnnLayer[] = [];
  const shapeOf = (source: number) => sourceShape({ input, layers }, source);
  for (let l = 0; l < recipe.layers; l++) {
    const previous = layers.length - 1;
    const source = random.chance(0.75) ? previous : random.integer(INPUT, previous);
    if (source !== INPUT && random.chance(0.25)) layers.push(randomPool(random, shapeOf(source), source, layers));
    else layers.push(randomNeurons(random, recipe, source, shapeOf, layers.length));
  }
  layers.push(...randomReadout(random, layers, shapeOf));
  return { name: `random ${recipe.seed}`, input, layers: keepRead(layers) };
}

function randomWindow(random: Seeded, shape: Shape): Window {
  for (;;) {
    const kernel = random.chance(0.5) ? ([3, 3] as const) : ([random.integer(1, 7), random.integer(1, 7)] as const);
    const pad = (k: number) => random.integer(0, Math.min(3, k - 1));
    const window: Window = {
      kernel,
      stride: random.chance(0.5) ? [1, 1] : [random.integer(1, 3), random.integer(1, 3)],
      pads: [pad(kernel[0]), pad(kernel[1]), pad(kernel[0]), pad(kernel[1])],
      dilation: random.chance(0.8) ? [1, 1] : [random.integer(1, 2), random.integer(1, 2)],
    };
    const [height, width] = windowOutput(shape, window);
    if (height >= 1 && width >= 1) return window;
  }
}

function randomConvolution(
  random: Seeded,
  source: Shape,
  outputs: number,
  window: Window,
  groups: number,
): Convolution<Float32Array> {
  const inputs = source.channels / groups;
  return {
    type: 'convolution',
    weights: randomWeights(random, outputs, inputs * window.kernel[0] * window.kernel[1]),
    window,
    groups,
  };
}

/** A convolution, joined by what else fits its shape: identities and strided 1 × 1 convolutions of any earlier layer. */
function randomNeurons(
  random: Seeded,
  recipe: Recipe,
  source: number,
  shapeOf: (source: number) => Shape,
  count: number,
): AnnLayer {
  const from = shapeOf(source);
  const window = randomWindow(random, from);
  const divisors = Array.from({ length: from.channels }, (_, i) => i + 1).filter((d) => from.channels % d === 0);
  const groups = random.chance(0.75) ? 1 : random.pick(divisors);
  const channels =
    random.chance(0.4) && groups === 1
      ? from.channels
      : groups * random.integer(1, Math.max(1, Math.floor(recipe.channels / groups)));
  const [height, width] = windowOutput(from, window);
  const shape = { channels, height, width };
  const terms: AnnTerm[] = [{ source, operator: randomConvolution(random, from, channels, window, groups) }];
  for (let other = INPUT; other < count && terms.length < 4; other++) {
    const s = shapeOf(other);
    if (s.channels === channels && s.height === height && s.width === width && random.chance(0.7)) {
      const weights = Float32Array.from({ length: channels }, () => (random.chance(0.7) ? 1 : random.normal()));
      terms.push({ source: other, operator: { type: 'identity', weights } });
    } else if (random.chance(0.5)) {
      const strided = { ...POINT, stride: [Math.ceil(s.height / height), Math.ceil(s.width / width)] as const };
      const [h, w] = windowOutput(s, strided);
      if (h === height && w === width) terms.push({ source: other, operator: randomConvolution(random, s, channels, strided, 1) });
    }
  }
  const bias = Float32Array.from({ length: channels }, () => random.normal() * 0.2);
  return {
    kind: 'neurons',
    name: `layer ${count}`,
    shape,
    terms: unequal(terms, recipe.seed ^ (count << 8)),
    bias,
    ceiling: Infinity,
  };
}

/** Some terms of a join many times smaller than the others, so that each has a grid of its own. */
function unequal(terms: readonly AnnTerm[], seed: number): AnnTerm[] {
  const random = seeded(seed);
  return terms.map(({ source, operator }) => {
    const scale = terms.length > 1 && random.chance(0.4) ? 2 ** -random.integer(1, 11) : 1;
    return { source, operator: { ...operator, weights: operator.weights.map((w) => w * scale) } };
  });
}

function randomPool(random: Seeded, shape: Shape, source: number, layers: readonly AnnLayer[]): AnnLayer {
  const from = layers[source];
  const mode = random.chance(0.5) || from.kind === 'pool' ? 'max' : 'average';
  const pool = (): Window => {
    const window = { ...randomWindow(random, shape), dilation: [1, 1] as const };
    const [height, width] = windowOutput(shape, window);
    return height >= 1 && width >= 1 ? window : pool();
  };
  if (from.kind === 'pool' && from.mode === 'average') {
    // nothing pools a sum: stand beside it instead
    const identity = { type: 'identity' as const, weights: new Float32Array(shape.channels).fill(1) };
    return {
      kind: 'neurons',
      name: `layer ${layers.length}`,
      shape,
      terms: [{ source, operator: identity }],
      bias: new Float32Array(shape.channels),
      ceiling: Infinity,
    };
  }
  const window = pool();
  const [height, width] = windowOutput(shape, window);
  return {
    kind: 'pool',
    name: `pool ${layers.length}`,
    shape: { channels: shape.channels, height, width },
    source,
    mode,
    window,
    countIncludePad: true,
  };
}

/** A linear readout over the whole map, or a global average pool before it. */
function randomReadout(random: Seeded, layers: readonly AnnLayer[], shapeOf: (source: number) => Shape): AnnLayer[] {
  const added: AnnLayer[] = [];
  let source = layers.length - 1;
  let from = shapeOf(source);
  const last = layers[source];
  if (last.kind === 'neurons' && random.chance(0.5)) {
    const window: Window = { ...POINT, kernel: [from.height, from.width] };
    from = { channels: from.channels, height: 1, width: 1 };
    added.push({ kind: 'pool', name: 'global average', shape: from, source, mode: 'average', window, countIncludePad: true });
    source++;
  }
  const window: Window = { ...POINT, kernel: [from.height, from.width] };
  const single = from.height === 1 && from.width === 1;
  const classes = single && random.chance(0.3) ? from.channels : random.integer(2, 19);
  const operator =
    classes === from.channels && single && random.chance(0.5)
      ? { type: 'identity' as const, weights: new Float32Array(classes).fill(1) }
      : randomConvolution(random, from, classes, window, 1);
  const bias = Float32Array.from({ length: classes }, () => random.normal() * 0.1);
  added.push({
    kind: 'readout',
    name: 'readout',
    shape: { channels: classes, height: 1, width: 1 },
    terms: [{ source, operator }],
    bias,
  });
  return added;
}

/** The random network on the integer grid, with random scales around 1. */
export function randomNetwork(recipe: Recipe): SpikingNetwork {
  const ann = randomAnn(recipe);
  const random = seeded(recipe.seed ^ 0x5eed);
  const scale = () => 2 ** (random.real() * 3 - 1);
  return quantize(ann, {
    phaseBits: recipe.byDepth ? randomPhases(ann, recipe.seed) : recipe.phaseBits,
    initial: recipe.initial,
    scales: ann.layers.map(({ kind, shape }) =>
      recipe.perChannel && kind === 'neurons' ? Array.from({ length: shape.channels }, scale) : scale(),
    ),
    mean: Array.from({ length: ann.input.channels }, () => random.real()),
    std: Array.from({ length: ann.input.channels }, () => 0.1 + random.real() * 0.3),
  });
}

function randomPhases(ann: Ann, seed: number): number[] {
  const random = seeded(seed ^ 0xdee9);
  const deepest = depths(ann)[ann.layers.length - 1];
  return Array.from({ length: deepest }, () => random.integer(1, 8));
}
