import { INPUT } from '../ann/ann.ts';
import { rowOf, sumBound } from './bound.ts';
import type { Report } from './finding.ts';
import {
  GRID_BITS,
  readoutOf,
  type SpikingLayer,
  type SpikingNetwork,
  type SpikingPool,
  SUM_LIMIT,
  TERM_BITS,
  unitPhases,
  WEIGHT_LIMIT,
} from './network.ts';
import { neuronProblem } from './neuron.ts';
import { oneK, phasesOf, timetableOf } from './timetable.ts';
import { inputUnits, neuronUnits, poolUnits, readoutUnit, scalesOf, type Units, unitsOf } from './units.ts';

type Weighted = Exclude<SpikingLayer, SpikingPool>;

/** A sum of words stays below. */
const POOLED_LIMIT = 2 ** 24;

/** The rules between the numbers of a network whose form is sound. */
export function checkRules(network: SpikingNetwork, report: Report): void {
  if (!checkDepths(network, report)) return;
  if (!checkTimetable(network, report)) return;
  checkInput(network, report);
  for (const layer of network.layers) {
    checkUnits(network, layer, report);
    if (layer.kind === 'pool') {
      if (layer.units.most >= POOLED_LIMIT)
        report(layer.name, `sums of up to ${layer.units.most} words are not exact`, 'pool in two steps');
    } else checkSums(network, layer, report);
  }
  const problem = neuronProblem(network.neuron, oneK(network.timetable));
  if (problem) report(null, `neuron: ${problem.what}`, problem.remedy);
}

/** Section 5: depth = 1 + the deepest source's; pools have their source's; synchronous neurons make up for the rest. */
function checkDepths(network: SpikingNetwork, report: Report): boolean {
  let sound = true;
  const say = (layer: string, what: string) => {
    report(layer, what);
    sound = false;
  };
  const depthOf = (source: number): number => (source === INPUT ? 0 : network.layers[source].depth);
  const deepest = readoutOf(network).depth;
  for (const layer of network.layers) {
    const { name, depth } = layer;
    const sources = layer.kind === 'pool' ? [layer.source] : layer.terms.map(({ source }) => source);
    const before = Math.max(0, ...sources.map(depthOf));
    const expected = layer.kind === 'pool' ? before : before + 1;
    if (depth !== expected) say(name, `has depth ${depth}, by its sources ${expected}`);
    else if (layer.kind !== 'readout' && depth >= deepest) say(name, `has depth ${depth}, not before the readout's, ${deepest}`);
    if (layer.kind === 'pool') continue;
    layer.terms.forEach(({ source, delay }, i) => {
      const held = depth - 1 - depthOf(source);
      if (delay !== held) say(name, `term ${i} has ${delay} synchronous neurons, by the depths ${held}`);
    });
  }
  return sound;
}

/** Section 6: the timetable is the one of its K. */
function checkTimetable({ timetable, layers }: SpikingNetwork, report: Report): boolean {
  const depths = layers[layers.length - 1].depth;
  const phases = phasesOf(timetable);
  const remedy = 'make it with timetableOf';
  if (timetable.layers.length !== depths + 1) {
    report(null, `timetable has ${timetable.layers.length} depths, not ${depths + 1}`, remedy);
    return false;
  }
  const wrong = phases.findIndex((K) => K < 1 || K > 8);
  if (wrong >= 0) {
    report(null, `K of depth ${wrong} = ${phases[wrong]} is not from 1 to 8`, 'choose K from 1 to 8');
    return false;
  }
  const expected = timetableOf(layers, phases);
  const at = expected.layers.findIndex((d, depth) => JSON.stringify(order(d)) !== JSON.stringify(order(timetable.layers[depth])));
  if (at >= 0) report(null, `timetable: spans of depth ${at} are not those of K = ${phases.join(', ')}`, remedy);
  else if (timetable.period !== expected.period) {
    report(null, `timetable: period ${timetable.period} is not that of K = ${phases.join(', ')}, ${expected.period}`, remedy);
  }
  return true;
}

const order = ({ integrates, fires, phases }: SpikingNetwork['timetable']['layers'][number]) => [
  ...[integrates.first, integrates.steps],
  ...[fires.first, fires.steps, phases],
];

const sameNumbers = (a: ArrayLike<number>, b: ArrayLike<number>): boolean =>
  a.length === b.length && Array.from(a).every((v, i) => v === b[i]);

/** Says where units are not the expected ones. */
function expectUnits(units: Units, expected: Units, say: (what: string) => void): void {
  if (units.most !== expected.most) say(`its largest word is ${units.most}, not ${expected.most}`);
  if (!sameNumbers(units.zero, expected.zero)) say('its words for 0 are not those that its layer has');
  if (!units.unit.every((u) => u > 0 && Number.isFinite(u))) say('its units are not positive numbers');
  else if (!sameNumbers(units.unit, expected.unit)) say('its units are not those of its scale');
}

function checkInput({ input }: SpikingNetwork, report: Report): void {
  const say = (what: string) => report(null, `input: ${what}`);
  if (!input.units.zero.every((z) => z >= 0 && z <= 255)) say('its words for 0 are not from 0 to 255');
  expectUnits(input.units, inputUnits(input.shape, input.mean, input.std), say);
}

/** Section 3, "Units of a source". */
function checkUnits(network: SpikingNetwork, layer: SpikingLayer, report: Report): void {
  const say = (what: string) => report(layer.name, what);
  const { shape, units } = layer;
  const K = unitPhases(network, layer);
  if (layer.kind === 'pool') {
    const places = layer.window.kernel[0] * layer.window.kernel[1];
    expectUnits(units, poolUnits(shape, unitsOf(network, layer.source), layer.mode, places), say);
  } else if (layer.kind === 'neurons') {
    expectUnits(units, { ...neuronUnits(shape, 1, K), unit: units.unit }, say);
  } else {
    // all classes have one λ, so that their logits compare
    const [scale] = scalesOf(units, K, layer.gridBits);
    expectUnits(units, readoutUnit(shape, scale, K, layer.gridBits), say);
  }
}

/** Section 3: the grid, 8 bits a weight, and every sum of a channel below 2^30; of each rule the first channel is named. */
function checkSums(network: SpikingNetwork, layer: Weighted, report: Report): void {
  const said = new Set<string>();
  const say = (rule: string, o: number, what: string, remedy = 'convert the model again') => {
    if (!said.has(rule)) report(layer.name, `channel ${o}: ${what}`, remedy);
    said.add(rule);
  };
  const { channels } = layer.shape;
  const K = unitPhases(network, layer);
  for (let o = 0; o < channels; o++) {
    const g = layer.gridBits[o];
    if (g < GRID_BITS.min || g > GRID_BITS.max) say('grid', o, `g = ${g} is not from ${GRID_BITS.min} to ${GRID_BITS.max}`);
    if (g + K >= 30) say('threshold', o, `a full word of ${K} bits at g = ${g} is not below 2^30`);
    for (const { operator, shifts } of layer.terms) {
      const h = g - shifts[o];
      if (shifts[o] < 0 || h < TERM_BITS.min || h > TERM_BITS.max) say('shift', o, `a term is shifted by ${shifts[o]} (g = ${g})`);
      const { largest } = rowOf(operator.weights, o, channels);
      if (operator.type !== 'identity' && largest > WEIGHT_LIMIT)
        say('weight', o, `a weight of magnitude ${largest} is beyond ${WEIGHT_LIMIT}`);
    }
    const sum = sumBound(network, layer, o);
    if (sum >= SUM_LIMIT) say('sum', o, `sums of up to ${sum} are not below 2^30`, 'give the layer a coarser grid');
  }
}
