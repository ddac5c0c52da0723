import { power } from './power.ts';

/**
 * When which depth does what, in steps from an image's onset (specification, section 6). Layers of one depth share their times.
 *
 * Depth d sends words of K_d bits; the input's window has K_0 steps. A depth integrates for w_d steps and fires in the K_d after:
 *
 *     w_1 = K_0,   w_d = max of K over the neurons that layers of depth d read            (K_{d−1} where no shortcut has more bits)
 *     A_1 = 0,     A_{d+1} = A_d + w_d                                                     (with that: A_d = Σ_{j=0}^{d−2} K_j)
 *     integrates in [A_d + nP, A_d + nP + w_d),   fires in [A_{d+1} + nP, A_{d+1} + nP + K_d),   n = 0, 1, 2, …: the wave
 *     P = max_d (w_d + K_d)                                                                 (2K_0 where only a readout is there)
 *
 * A synchronous neuron repeats its word from the first step of its partner's window on: bit k in step k, so that a word of K_s
 * bits has the weight 2^(K_s−1−k) there, and shorter words leave the rest of the window silent. A word that is longer than K_{d−1}
 * makes the window longer: that is all that w_d is for. With one K everything is section 6 with w = K, P = 2K.
 */

/** `steps` steps from `first` on, in every wave one period later. */
export interface Span {
  readonly first: number;
  readonly steps: number;
}

/** What one depth does in the first wave. */
export interface DepthTimes {
  /** Empty for the input. */
  readonly integrates: Span;
  /** Empty for the readout. The input's words stand in its whole span; their current comes in the first step of depth 1's. */
  readonly fires: Span;
  /** K: bits of a word that this depth sends; 0 for the readout. */
  readonly phases: number;
}

export interface Timetable {
  /** P: steps from one wave to the next. */
  readonly period: number;
  /** By depth: the input is 0, the readout the last. */
  readonly layers: readonly DepthTimes[];
}

/** What `windowsOf` needs of a layer. */
interface Timed {
  readonly depth: number;
  readonly terms?: readonly { readonly source: number }[];
}

/**
 * w_d by depth from 1 on: the longest word that a layer of the depth reads.
 * @param phases K by depth, from the input's on
 */
export function windowsOf(layers: readonly Timed[], phases: readonly number[]): number[] {
  const windows = phases.slice();
  for (const { depth, terms = [] } of layers) {
    for (const { source } of terms)
      if (source >= 0) windows[depth - 1] = Math.max(windows[depth - 1], phases[layers[source].depth]);
  }
  return windows;
}

/**
 * @param phases K_0 … K_{D−1}, D the readout's depth
 * @param windows w_1 … w_D; at least as long as the words before them
 */
export function makeTimetable(phases: readonly number[], windows: readonly number[] = phases): Timetable {
  const layers: DepthTimes[] = [{ integrates: { first: 0, steps: 0 }, fires: { first: 0, steps: phases[0] }, phases: phases[0] }];
  let first = 0;
  windows.forEach((steps, i) => {
    const K = phases[i + 1] ?? 0;
    layers.push({ integrates: { first, steps }, fires: { first: first + steps, steps: K }, phases: K });
    first += steps;
  });
  const period = Math.max(phases.length === 1 ? 2 * phases[0] : 0, ...layers.slice(1).map((d) => d.integrates.steps + d.phases));
  return { period, layers };
}

/** The timetable of a network's layers. @param phases K by depth, from the input's on */
export const timetableOf = (layers: readonly Timed[], phases: readonly number[]): Timetable =>
  makeTimetable(phases, windowsOf(layers, phases));

/** K by depth, from the input's on: what a timetable was made of. */
export const phasesOf = ({ layers }: Timetable): number[] => layers.slice(0, -1).map(({ phases }) => phases);

/** The one K of all depths; null where they differ. */
export function oneK(timetable: Timetable): number | null {
  const phases = phasesOf(timetable);
  return phases.every((K) => K === phases[0]) ? phases[0] : null;
}

/** What a depth does in one step. */
export interface Moment {
  /** K of this depth. */
  readonly phaseBits: number;
  /**
   * `waiting` before the first integrating window: what arrives is kept, nothing is sent; `idle` between the end of a word and
   * the next window, where the period is longer than both. Neurons without windows do not look at it.
   */
  readonly state: 'waiting' | 'integrating' | 'firing' | 'idle';
  /** Step within the span; where there is none, within the period. Of neurons without windows: step mod K. */
  readonly phase: number;
  /**
   * The last step of a span: the window's end, where the state flips and V is bounded. While a depth waits, its spans are those that
   * earlier waves would have had, so that V is bounded at least once in a period whatever arrives early.
   */
  readonly last: boolean;
}

const modulo = (a: number, n: number): number => ((a % n) + n) % n;

/** What neurons with windows do in a step (from 0). */
export function momentAt({ period, layers }: Timetable, depth: number, step: number): Moment {
  const { integrates, fires, phases } = layers[depth];
  const since = modulo(step - integrates.first, period);
  const integrating = since < integrates.steps;
  const firing = !integrating && since < integrates.steps + fires.steps;
  const phase = firing ? since - integrates.steps : since;
  const last = integrating ? phase === integrates.steps - 1 : firing && phase === fires.steps - 1;
  const state = step < integrates.first ? 'waiting' : integrating ? 'integrating' : firing ? 'firing' : 'idle';
  return { phaseBits: phases, state, phase, last };
}

/** The step of a neuron without windows: its phase is step mod K. */
export function phaseAt({ layers }: Timetable, depth: number, step: number): Moment {
  const { phases } = layers[depth];
  return { phaseBits: phases, state: 'firing', phase: phases === 0 ? 0 : step % phases, last: false };
}

/** What bit k of a K-bit word weighs in units of the word, whoever reads it: 2^(K−1−k); 0 where there is no such bit. */
export const phaseWeight = (phases: number, k: number): number => (k >= 0 && k < phases ? power(phases - 1 - k) : 0);

/** Steps that a term's row of synchronous neurons holds a word of depth `source` back for a reader of depth `target`; 0 if none. */
export const holdSteps = ({ layers }: Timetable, source: number, target: number): number =>
  layers[target].integrates.first - layers[source].fires.first;

const readout = ({ layers }: Timetable): Span => layers[layers.length - 1].integrates;

/** T_n: steps after which the readout has its n-th full word (n from 1). T_1, the first output: Σ w. */
export const wordSteps = (timetable: Timetable, wave: number): number =>
  readout(timetable).first + readout(timetable).steps + timetable.period * (wave - 1);

/** Steps within a wave that bring the readout spikes: the points of the accuracy curve that belong to one word. */
export const readoutPhases = (timetable: Timetable): number => readout(timetable).steps;

/** The step count after phase k (from 0) of wave n (from 0) has reached the readout. */
export const readoutStep = (timetable: Timetable, wave: number, phase: number): number =>
  readout(timetable).first + timetable.period * wave + phase + 1;

/** All step counts of the accuracy curve of so many waves. */
export const readoutSteps = (timetable: Timetable, waves: number): number[] =>
  Array.from({ length: waves * readoutPhases(timetable) }, (_, i) =>
    readoutStep(timetable, Math.floor(i / readoutPhases(timetable)), i % readoutPhases(timetable)),
  );

/** Spans that have begun in the first t steps. */
const begun = ({ first }: Span, period: number, t: number): number => Math.max(0, Math.ceil((t - first) / period));

/** Words that neurons of a depth have begun to send in the first t steps. */
export const wordsBegun = ({ period, layers }: Timetable, depth: number, t: number): number =>
  begun(layers[depth].fires, period, t);

/** Windows in which a depth has begun to integrate in the first t steps. */
export const windowsBegun = ({ period, layers }: Timetable, depth: number, t: number): number =>
  begun(layers[depth].integrates, period, t);

/** What a layer has sent by a time: whole words, and bits of the word after them. */
export interface Sent {
  readonly words: number;
  readonly bits: number;
}

/** What neurons of a depth have sent after t steps. */
export function sentBy({ period, layers }: Timetable, depth: number, t: number): Sent {
  const { fires } = layers[depth];
  const firing = t - fires.first;
  if (firing <= 0 || fires.steps === 0) return { words: 0, bits: 0 };
  const words = Math.floor(firing / period);
  const into = firing - period * words;
  return into >= fires.steps ? { words: words + 1, bits: 0 } : { words, bits: into };
}

/** Steps before t in which a depth sends, its words held back by `hold` steps. */
export function sendingSteps(timetable: Timetable, depth: number, t: number, hold = 0): number {
  const { words, bits } = sentBy(timetable, depth, t - hold);
  return words * timetable.layers[depth].phases + bits;
}

/**
 * Steps up to t, in order and without 0, at which a window of some depth begins or ends: between two of them no depth changes
 * its state. Those of the waves before the first (see `Moment.last`) are among them.
 */
export function boundaries({ period, layers }: Timetable, t: number): number[] {
  const marks = new Set<number>();
  for (const { integrates, fires } of layers.slice(1)) {
    for (const mark of [integrates.first, fires.first, fires.first + fires.steps]) {
      for (let step = modulo(mark, period); step <= t; step += period) if (step > 0) marks.add(step);
    }
  }
  return [...marks].sort((a, b) => a - b);
}
