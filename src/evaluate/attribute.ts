import type { Ann } from '../ann/ann.ts';
import type { SpikingNetwork } from '../network/network.ts';
import { type AffectedAnn, EFFECTS, type Effect, type HasEffect, withEffects } from './effects.ts';
import { logitsOf } from './fit.ts';
import { type Logits, logitError } from './logit-error.ts';

/** A conversion whose error is taken apart, and how its effects are looked at. */
export interface Attribution {
  readonly ann: Ann;
  /** What the trained network was converted to, biases not corrected. */
  readonly network: SpikingNetwork;
  /** The trained network's logits of some images. */
  readonly trained: Logits;
  /** Those of a network with effects, of the same images. */
  readonly run: (affected: AffectedAnn) => Promise<Logits>;
}

/** What an effect causes where nothing else is done to any layer, and what all others cause without it. */
export interface EffectError {
  readonly alone: number;
  readonly without: number;
}

/** The logit error of each effect in all layers, and the logits of all effects together. */
export async function attributeEffects(
  attribution: Attribution,
): Promise<{ readonly effects: Readonly<Record<Effect, EffectError>>; readonly together: Logits }> {
  const { trained, ann } = attribution;
  const run = runner(attribution);
  const errorOf = async (has: HasEffect) => logitError(await run(has), trained, logitsOf(ann));
  const effects = {} as Record<Effect, EffectError>;
  for (const one of EFFECTS) {
    const alone = await errorOf((_, effect) => effect === one);
    effects[one] = { alone, without: await errorOf((_, effect) => effect !== one) };
  }
  return { effects, together: await run(() => true) };
}

/**
 * The logit error of each effect in one layer alone, while all other layers stay as they were trained, [layer]; 0 for what a layer does
 * not have: pools have no effects, and the readout has weights alone.
 * @param onRun called after each of so many runs
 */
export async function attributeLayers(
  attribution: Attribution,
  onRun: (done: number, runs: number) => void = () => {},
): Promise<Record<Effect, number>[]> {
  const { ann, trained } = attribution;
  const run = runner(attribution);
  const errors = ann.layers.map(() => ({ clipping: 0, rounding: 0, weights: 0 }));
  const parts = ann.layers.flatMap(({ kind }, l) =>
    EFFECTS.filter((effect) => kind === 'neurons' || (kind === 'readout' && effect === 'weights')).map((effect) => ({ l, effect })),
  );
  for (const [i, { l, effect }] of parts.entries()) {
    const logits = await run((layer, one) => layer === l && one === effect);
    errors[l][effect] = logitError(logits, trained, logitsOf(ann));
    onRun(i + 1, parts.length);
  }
  return errors;
}

const runner =
  ({ ann, network, run }: Attribution) =>
  (has: HasEffect): Promise<Logits> =>
    run(withEffects(ann, network, has));

/** Each layer's share of the squared errors of all: errors that have nothing to do with one another add up in squares. */
export function sharesOf(errors: readonly Readonly<Record<Effect, number>>[]): number[] {
  const squares = errors.map((of) => EFFECTS.reduce((sum, effect) => sum + of[effect] ** 2, 0));
  const total = squares.reduce((a, b) => a + b, 0);
  return squares.map((square) => (total === 0 ? 0 : square / total));
}
