import type { Shape } from '../ann/ann.ts';
import {
  type InspectedLayer,
  type Inspection,
  type OperatorUse,
  type SpikingLayerFigures,
  sourceText,
} from '../evaluate/inspect.ts';
import { phaseText } from '../report/text.ts';
import { COLUMNS, clip, ending, field, type Paint, paint, printable, scaled, whole } from './print.ts';

/** An inspection for people, at most 80 columns wide. */
export function formatInspection(found: Inspection, color: boolean): string {
  const style = paint(color);
  const put = (label: string, value: string) => field(label, value, style);
  const { totals, plan, layers } = found;
  const spiking = found.kind === 'spiking';
  const lines = [
    style.bold(clip(printable(`${found.model}: ${spiking ? 'a spiking network' : 'a trained network'}`), COLUMNS)),
    '',
    put('input', `${sizes(found.input)}${found.input.layout === 'nhwc' ? ', channels last in the file' : ''}`),
    put('pixels', pixelsText(found)),
    put('layers', `${whole(totals.layers)}, ${whole(totals.neurons)} neurons`),
    put('weights', `${scaled(totals.parameters)} parameters, biases among them`),
    put('work', `${scaled(totals.macs)} multiply-adds an image${spiking ? ' and wave' : ''}`),
    ...(found.phaseBits === null ? [] : [put('words', `K = ${phaseText(found.phaseBits)} spikes each`)]),
    put('memory', planText(plan)),
    ...(found.operators ? [put('ONNX', operatorsText(found.operators, found.opset as number))] : []),
    '',
    ...layerTable(layers, style),
    ...(spiking ? ['', ...gridTable(layers, style)] : []),
  ];
  return `${lines.join('\n')}\n`;
}

const sizes = ({ channels, height, width }: Shape): string =>
  height * width === 1 ? String(channels) : `${channels}×${height}×${width}`;

const NORMALIZED_BY = { sidecar: 'the model’s sidecar', model: 'in the model itself', network: 'folded in' } as const;

function pixelsText({ mean, std, normalizedBy }: Inspection): string {
  if (mean === null || std === null || normalizedBy === null) return 'no mean and std beside the file';
  const list = (values: readonly number[]) => values.map((v) => Number(v.toPrecision(4))).join(', ');
  return `mean ${list(mean)}, std ${list(std)} (${NORMALIZED_BY[normalizedBy]})`;
}

const bytesText = (bytes: number): string => `${scaled(bytes).replace(/\d$/, '$& ')}B`;

function planText({ batch, waves, bytes, bytesPerImage, dispatches }: Inspection['plan']): string {
  const words = waves === null ? '' : `, ${waves} ${waves === 1 ? 'word' : 'words'} of each layer`;
  return `${bytesText(bytes)} for a batch of ${batch}${words}: ${bytesText(bytesPerImage)} an image; ${dispatches} dispatches`;
}

/** "opset 13: Conv 19, Relu 19 (19 layers), …" */
const operatorsText = (operators: readonly OperatorUse[], opset: number): string =>
  `opset ${opset}: ${operators
    .map(({ operator, nodes, layers }) => `${printable(operator)} ${nodes}${layers > 0 ? ` (${layers} layers)` : ''}`)
    .join(', ')}; what is no layer went into sums, weights and shapes`.replaceAll('(1 layers)', '(1 layer)');

const NAME_COLUMNS = 22;

function layerTable(layers: readonly InspectedLayer[], { dim }: Paint): string[] {
  const row = (number: string, name: string, operator: string, from: string, output: string, weights: string, macs: string) =>
    `${number.padStart(4)}  ${name.padEnd(NAME_COLUMNS)} ${clip(operator, 17).padEnd(17)}${from.padStart(6)}${output.padStart(11)}${weights.padStart(8)}${macs.padStart(8)}`.trimEnd();
  const lines = layers.flatMap(({ name, operators, sources, shape, parameters, macs }, l) => {
    const figure = (value: number) => (value === 0 ? '' : scaled(value));
    const [first, ...more] = sources.map(sourceText);
    const head = row(
      String(l),
      ending(name, NAME_COLUMNS),
      operators[0] ?? '',
      first ?? '',
      sizes(shape),
      figure(parameters),
      figure(macs),
    );
    return [head, ...more.map((source, i) => row('', '', `+ ${operators[i + 1]}`, source, '', '', ''))];
  });
  return [dim(row('#', 'layer', 'operator', 'from', 'output', 'weights', 'macs')), ...lines];
}

function gridTable(layers: readonly InspectedLayer[], { dim }: Paint): string[] {
  const row = (number: string, name: string, cells: readonly string[]) =>
    `${number.padStart(4)}  ${name.padEnd(NAME_COLUMNS)}${cells.map((cell, i) => cell.padStart(GRID_COLUMNS[i])).join('')}`.trimEnd();
  const lines = layers.flatMap(({ name, bytes, spiking }, l) =>
    spiking === null ? [] : row(String(l), ending(name, NAME_COLUMNS), gridCells(spiking, bytes)),
  );
  const coarse = layers.filter(({ spiking }) => spiking?.coarse).length;
  return [
    dim(row('#', 'layer', ['depth', 'SN', 'λ', 'g', 'bits', 'bound', 'memory'])),
    ...lines,
    '',
    dim('  bits: of 8, that a channel’s weights make use of, least and median; bound: the'),
    dim('  largest sum, in bits, of those it may have; memory: the words of an image'),
    ...(coarse > 0
      ? [`  ! ${coarse} ${coarse === 1 ? 'layer has' : 'layers have'} channels whose weights make use of fewer than 6 bits`]
      : []),
  ];
}

const GRID_COLUMNS = [6, 4, 8, 7, 10, 9, 8];

function gridCells({ depth, delays, scale, grid, coarse }: SpikingLayerFigures, bytes: number): string[] {
  const held = Math.max(0, ...delays);
  const lambda = scale === null ? '' : String(Number(scale[1].toPrecision(3)));
  if (grid === null) return [String(depth), '', lambda, '', '', '', bytesText(bytes)];
  const { gridBits, weightBits, boundBits, limitBits } = grid;
  const [low, high] = gridBits;
  const bits = weightBits === null ? '0' : `${coarse ? '! ' : ''}${weightBits.least.toFixed(1)} ${weightBits.median.toFixed(1)}`;
  return [
    String(depth),
    held === 0 ? '' : String(held),
    lambda,
    low === high ? String(low) : `${low}…${high}`,
    bits,
    `${boundBits.toFixed(1)}/${limitBits}`,
    bytesText(bytes),
  ];
}
