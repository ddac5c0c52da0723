import { choosePhases } from './choose-phases.ts';
import type { Estimate } from './estimate.ts';
import type { ScaleMethod } from './scale.ts';

/** How scales and biases of a conversion come about. */
export interface ScaleWay {
  readonly scale: ScaleMethod;
  /** Where that is "percentile": which. */
  readonly percentile: number;
  readonly perChannel: boolean;
  readonly correctBias: boolean;
}

/** A way to convert, and the word after which it is read. */
export interface Way extends ScaleWay {
  /** K by depth, from the input's window on. */
  readonly phaseBits: readonly number[];
  readonly word: number;
}

/** What a trial showed: of all words tried the first that loses no more than is allowed, else the one that loses least. */
export interface Trial extends Way {
  /** Steps from the image's onset to the word. */
  readonly t: number;
  readonly loss: Estimate;
  /** Whether the word loses no more than is allowed. */
  readonly met: boolean;
}

/** What is searched, and how a way is tried. */
export interface Search {
  readonly ways: readonly ScaleWay[];
  /** The readout's depth: numbers in `phaseBits`. */
  readonly depths: number;
  /** Words that may be waited for. */
  readonly waves: number;
  /** What may be lost, 0…1. */
  readonly allowed: number;
  /** Conversions that may be tried; the three that find one K are made for each of the ways in any case. */
  readonly trials: number;
  /** Steps to a word. */
  readonly stepsTo: (phaseBits: readonly number[], word: number) => number;
  /** Estimates of what is lost by each of the first words. */
  readonly lossesOf: (way: ScaleWay, phaseBits: readonly number[], words: number) => Promise<readonly Estimate[]>;
}

/** What a search found. */
export interface Found {
  readonly best: Trial;
  /** All trials, in order, and whether each became the best so far. */
  readonly tried: readonly (Trial & { readonly taken: boolean })[];
}

/**
 * The least T whose estimated loss is allowed, greedily. First with one K, for each way to choose scales: the smallest K that has it by the
 * first word, and smaller ones by a later word. Then K is lowered depth by depth: each depth alone, for what it costs a step saved; and
 * again in that order, as long as the loss is allowed. A depth that was refused once stays as it is, since losses only grow.
 */
export async function searchWays(search: Search): Promise<Found> {
  const trials = noTrials(search);
  for (const way of search.ways) await searchUniform(search, trials, way);
  if (trials.best().met) await lowerDepths(search, trials);
  return { best: trials.best(), tried: trials.all };
}

/** A trial, and what the first word loses in it. */
type Attempt = Trial & { readonly first: Estimate };

/** Trials so far. */
interface Trials {
  readonly all: Found['tried'];
  /** The best that was taken; there is one after the first trial. */
  readonly best: () => Trial;
  /** Whether another way may be tried. */
  readonly open: () => boolean;
  /** Tries a way, up to so many words. */
  readonly attempt: (way: ScaleWay, phaseBits: readonly number[], words: number) => Promise<Attempt>;
  /** Takes the last trial where it is better than the best. */
  readonly offer: (trial: Attempt) => void;
}

/** No trials yet. */
function noTrials({ allowed, trials, stepsTo, lossesOf }: Search): Trials {
  const all: (Trial & { taken: boolean })[] = [];
  let best: Trial | null = null;
  return {
    all,
    best: () => best as Trial,
    open: () => all.length < trials,
    attempt: async ({ scale, percentile, perChannel, correctBias }, phaseBits, words) => {
      const way = { scale, percentile, perChannel, correctBias };
      const losses = await lossesOf(way, phaseBits, words);
      const at = losses.findIndex(({ value }) => value <= allowed);
      const least = losses.reduce((lowest, { value }, w) => (value < losses[lowest].value ? w : lowest), 0);
      const word = (at < 0 ? least : at) + 1;
      const loss = losses[word - 1];
      const trial = { ...way, phaseBits, word, t: stepsTo(phaseBits, word), loss, met: at >= 0 };
      all.push({ ...trial, taken: false });
      return { ...trial, first: losses[0] };
    },
    offer: ({ first: _, ...trial }) => {
      if (best !== null && !isBetter(trial, best)) return;
      best = trial;
      all[all.length - 1].taken = true;
    },
  };
}

/** What meets the loss before what does not; then the smaller T, or the smaller loss where neither meets it. */
function isBetter(a: Trial, b: Trial): boolean {
  if (a.met !== b.met) return a.met;
  const byLoss = a.loss.value - b.loss.value;
  return (a.met ? a.t - b.t || byLoss : byLoss || a.t - b.t) < 0;
}

/** One K for all depths. */
async function searchUniform({ depths, waves, allowed, stepsTo }: Search, trials: Trials, way: ScaleWay): Promise<void> {
  const uniform = (K: number) => new Array<number>(depths).fill(K);
  const attempt = async (K: number) => {
    const trial = await trials.attempt(way, uniform(K), waves);
    trials.offer(trial);
    return { loss: trial.first };
  };
  const { phaseBits, tried } = await choosePhases(attempt, allowed);
  const isOpen = (K: number) => trials.open() && !tried.some((one) => one.phaseBits === K);
  // a second word of fewer bits must come before the best of all so far
  const comesBefore = (K: number) => !trials.best().met || stepsTo(uniform(K), 2) < trials.best().t;
  for (let K = phaseBits - 1; K >= 2 && waves > 1; K--) if (isOpen(K) && comesBefore(K)) await attempt(K);
}

/** Lowers K of single depths of the best, the least sensitive first. */
async function lowerDepths(search: Search, trials: Trials): Promise<void> {
  const lowered = (d: number) => trials.best().phaseBits.map((K, i) => (i === d ? K - 1 : K));
  const saved = (d: number) =>
    trials.best().phaseBits[d] > 1 ? trials.best().t - search.stepsTo(lowered(d), trials.best().word) : 0;
  const attempt = (d: number) => trials.attempt(trials.best(), lowered(d), trials.best().word);
  const sensitivities: { readonly d: number; readonly cost: number }[] = [];
  for (let d = 0; d < search.depths; d++) {
    const gain = saved(d);
    // what saves nothing yet comes last: it may once others are lower
    if (gain <= 0) sensitivities.push({ d, cost: Number.MAX_VALUE });
    if (gain <= 0 || !trials.open()) continue;
    const { loss, met } = await attempt(d);
    if (met) sensitivities.push({ d, cost: (loss.value - trials.best().loss.value) / gain });
  }
  let order = sensitivities.sort((a, b) => a.cost - b.cost).map(({ d }) => d);
  for (let changed = true; changed; ) {
    changed = false;
    for (const d of order) {
      if (!trials.open()) return;
      if (saved(d) <= 0) continue;
      const trial = await attempt(d);
      if (trial.met) trials.offer(trial);
      else order = order.filter((other) => other !== d);
      changed ||= trial.met;
    }
  }
}
