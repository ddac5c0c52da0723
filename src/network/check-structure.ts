import { INPUT, type Shape, sourceShape, type Window, windowOutput } from '../ann/ann.ts';
import type { Report } from './finding.ts';
import type { SpikingLayer, SpikingNetwork, SpikingPool, SpikingReadout, SpikingTerm } from './network.ts';
import type { Span, Timetable } from './timetable.ts';
import type { Units } from './units.ts';

/**
 * The form of a network: every field is there, of its type and length; sources come before their readers; windows yield the shapes
 * that layers say they have. Nothing is taken for granted, so that this can look at what a stranger hands in.
 */
export function checkStructure(network: SpikingNetwork, report: Report): void {
  const of = (what: string, remedy?: string) => report(null, what, remedy);
  if (network?.version !== 1) {
    of(`is of version ${network?.version}, not 1`, 'convert the model again, with this release');
    return;
  }
  if (typeof network.name !== 'string') of('name is not a text');
  if (network.initial !== 'half' && network.initial !== 'zero') of(`initial is "${network.initial}", not half or zero`);
  checkInput(network, of);
  if (!isTimetable(network.timetable)) of('timetable is not a period and spans of whole numbers of steps');
  if (!Array.isArray(network.layers) || network.layers.length === 0) {
    of('has no layers');
    return;
  }
  const last = network.layers.length - 1;
  network.layers.forEach((layer, l) => {
    const name = typeof layer?.name === 'string' ? layer.name : `number ${l}`;
    checkLayer(network, layer, l, (what, remedy) => report(name, what, remedy));
    if (layer?.kind === 'readout' && l !== last)
      report(name, 'is a readout before the last layer', 'the last layer must be the only readout');
    if (layer?.kind !== 'readout' && l === last)
      report(name, 'is the last layer and no readout', 'the last layer must be the only readout');
  });
}

type Say = (what: string, remedy?: string) => void;

const isWhole = (value: unknown, least = 0): boolean => Number.isInteger(value) && (value as number) >= least;
const areWhole = (values: unknown, length: number, least: number): boolean =>
  Array.isArray(values) && values.length === length && values.every((v) => isWhole(v, least));
const isShape = (shape: Shape): boolean => !!shape && [shape.channels, shape.height, shape.width].every((n) => isWhole(n, 1));
const sameShape = (a: Shape, b: Shape): boolean => a.channels === b.channels && a.height === b.height && a.width === b.width;
const isWindow = (w: Window): boolean =>
  !!w && areWhole(w.kernel, 2, 1) && areWhole(w.stride, 2, 1) && areWhole(w.dilation, 2, 1) && areWhole(w.pads, 4, 0);
const isSpan = (span: Span): boolean => !!span && isWhole(span.first) && isWhole(span.steps);
const text = (s: Shape): string => `${s.channels} × ${s.height} × ${s.width}`;

function isTimetable(timetable: Timetable): boolean {
  if (!timetable || !isWhole(timetable.period, 1) || !Array.isArray(timetable.layers) || timetable.layers.length < 2) return false;
  return timetable.layers.every((d) => !!d && isSpan(d.integrates) && isSpan(d.fires) && isWhole(d.phases));
}

/** Types and lengths; values are `check-rules`'. */
function checkUnits(units: Units, shape: Shape, say: Say): void {
  if (!units || !isShape(units.shape) || !sameShape(units.shape, shape)) {
    say(`units are not of its shape, ${text(shape)}`);
    return;
  }
  if (!(units.unit instanceof Float64Array) || units.unit.length !== shape.channels)
    say('units.unit is not a Float64Array of its channels');
  if (!(units.zero instanceof Int32Array) || units.zero.length !== shape.channels)
    say('units.zero is not an Int32Array of its channels');
  if (!isWhole(units.most)) say('units.most is not a whole number');
}

function checkInput({ input }: SpikingNetwork, say: Say): void {
  if (!input || !isShape(input.shape)) {
    say('input has no shape');
    return;
  }
  const { channels, layout = 'nchw' } = input.shape;
  if (layout !== 'nchw' && layout !== 'nhwc') say(`input.shape.layout is "${layout}", neither "nchw" nor "nhwc"`);
  checkUnits(input.units, input.shape, (what) => say(`input: ${what}`));
  for (const key of ['mean', 'std'] as const) {
    const values: unknown = input[key];
    if (!Array.isArray(values) || values.length !== channels || !values.every((v) => Number.isFinite(v)))
      say(`input: ${key} is not a number a channel`);
  }
}

function checkLayer(network: SpikingNetwork, layer: SpikingLayer, l: number, say: Say): void {
  const kind: string = layer?.kind;
  if (kind !== 'neurons' && kind !== 'pool' && kind !== 'readout') {
    say(`is of kind "${kind}", not neurons, pool or readout`);
    return;
  }
  if (typeof layer.name !== 'string') say('name is not a text');
  if (!isShape(layer.shape)) {
    say('has no shape');
    return;
  }
  if (!isWhole(layer.depth)) say(`depth ${layer.depth} is not a whole number`);
  checkUnits(layer.units, layer.shape, say);
  if (layer.kind === 'pool') checkPool(network, layer, l, say);
  else checkWeighted(network, layer, l, say);
}

/** Whether a source is the input or an earlier layer of sound shape that sends. */
function isSource(network: SpikingNetwork, source: number, l: number, say: Say): boolean {
  if (!Number.isInteger(source) || source < INPUT || source >= l) {
    say(`source ${source} is not the input or an earlier layer`, 'put layers in topological order');
    return false;
  }
  if (source === INPUT) return isShape(network.input?.shape);
  const layer = network.layers[source];
  if (layer?.kind === 'readout') say(`reads the readout "${layer.name}", which sends nothing`);
  return layer?.kind !== 'readout' && isShape(layer?.shape);
}

function checkPool(network: SpikingNetwork, pool: SpikingPool, l: number, say: Say): void {
  if (pool.mode !== 'max' && pool.mode !== 'sum') say(`mode is "${pool.mode}", not max or sum`);
  if (!isSource(network, pool.source, l, say)) return;
  if (pool.source === INPUT) {
    say('is a pool directly on the pixels', 'start with a convolution');
    return;
  }
  const source = network.layers[pool.source];
  if (source.kind === 'pool' && source.mode === 'sum') say('is a pool over a sum', 'merge the two pools');
  if (pool.shape.channels !== source.shape.channels)
    say(`has ${pool.shape.channels} channels, its source ${source.shape.channels}`);
  checkWindow(pool.window, source.shape, pool.shape, say);
}

function checkWeighted(network: SpikingNetwork, layer: Exclude<SpikingLayer, SpikingPool>, l: number, say: Say): void {
  const { channels } = layer.shape;
  if (!(layer.gridBits instanceof Int8Array) || layer.gridBits.length !== channels)
    say('gridBits is not an Int8Array of its channels');
  if (!(layer.bias instanceof Int32Array) || layer.bias.length !== channels) say('bias is not an Int32Array of its channels');
  if (layer.kind === 'readout') checkReadout(layer, say);
  if (!Array.isArray(layer.terms)) {
    say('has no terms');
    return;
  }
  layer.terms.forEach((term, i) => {
    const of: Say = (what, remedy) => say(`term ${i}: ${what}`, remedy);
    if (!isWhole(term?.delay)) of(`delay ${term?.delay} is not a whole number`);
    if (!(term?.shifts instanceof Int8Array) || term.shifts.length !== channels) of('shifts are not an Int8Array of its channels');
    if (isSource(network, term?.source, l, of)) checkOperator(term.operator, sourceShape(network, term.source), layer.shape, of);
  });
}

function checkReadout({ shape }: SpikingReadout, say: Say): void {
  if (shape.height !== 1 || shape.width !== 1) say(`is a readout of ${text(shape)}, not of 1 × 1 in space`);
}

function checkOperator(operator: SpikingTerm['operator'], from: Shape, to: Shape, say: Say): void {
  if (operator?.type === 'identity') {
    if (!sameShape(from, to)) say(`an identity from ${text(from)} to ${text(to)}`);
    if (!(operator.weights instanceof Int32Array) || operator.weights.length !== to.channels)
      say('weights are not an Int32Array of its channels');
    return;
  }
  if (operator?.type !== 'convolution') {
    say('has no operator');
    return;
  }
  const { weights, window, groups } = operator;
  if (!isWhole(groups, 1) || from.channels % groups !== 0 || to.channels % groups !== 0) {
    say(`${groups} groups do not divide ${from.channels} and ${to.channels} channels`);
    return;
  }
  if (!checkWindow(window, from, to, say)) return;
  const length = to.channels * (from.channels / groups) * window.kernel[0] * window.kernel[1];
  if (!(weights instanceof Int8Array) || weights.length !== length) say(`weights are not an Int8Array of ${length}`);
}

/** Whether a window is one; says where what it yields is not the map that it should. */
function checkWindow(window: Window, from: Shape, to: Shape, say: Say): boolean {
  if (!isWindow(window)) {
    say('has no window');
    return false;
  }
  const [height, width] = windowOutput(from, window);
  if (height !== to.height || width !== to.width) say(`its window yields ${height} × ${width} of ${text(from)}, not ${text(to)}`);
  return true;
}
