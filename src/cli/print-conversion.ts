import { shapeSize } from '../ann/ann.ts';
import type { ConvertedModel } from '../evaluate/convert-model.ts';
import { phaseBitsOf, type SpikingNetwork, scalesAt } from '../network/network.ts';
import { phaseText } from '../report/text.ts';
import { COLUMNS, clip, field, paint, printable, scaled, whole } from './print.ts';
import { choiceLines, inputLines, noteLines } from './print-inputs.ts';

/** What was converted and written, for people, at most 80 columns wide. @param bytes of the file */
export function formatConversion(converted: ConvertedModel, path: string, bytes: number, color: boolean): string {
  const style = paint(color);
  const { network } = converted;
  const put = (label: string, value: string) => field(label, value, style);
  const { layers, neurons, weights } = sizes(network);
  const lines = [
    style.bold(clip(`${printable(network.name)}: saved as a spiking network`, COLUMNS)),
    '',
    put('file', `${printable(path)}, ${whole(bytes)} bytes`),
    put('network', `${whole(layers)} layers, ${whole(neurons)} neurons, ${scaled(weights)} weights`),
    put('words', `K = ${phaseText(phaseBitsOf(network))} spikes each`),
    ...choiceLines(converted.phaseChoice, style),
    ...inputLines(converted, style),
    put('', scaleRange(network)),
    ...noteLines(converted, style),
  ];
  return `${lines.join('\n')}\n`;
}

/** The same for programs: how the network came about, and λ of each layer that has one, or of each of its channels. */
export function conversionFigures({ network, about, ...input }: ConvertedModel, file: string, bytes: number) {
  const { name: model, initial, layers } = network;
  const scales = layers.flatMap(({ kind, name }, l) => {
    const all = scalesAt(network, l);
    const scale = all.every((one) => one === all[0]) ? all[0] : [...all];
    return kind === 'pool' ? [] : { layer: name, scale };
  });
  const { classes } = about;
  return { model, file, bytes, ...sizes(network), phaseBits: phaseBitsOf(network), initial, ...input, classes, scales };
}

/** Layers, pools and readout among them; neurons that fire; weights of all terms. */
function sizes({ layers }: SpikingNetwork): { readonly layers: number; readonly neurons: number; readonly weights: number } {
  let [neurons, weights] = [0, 0];
  for (const layer of layers) {
    if (layer.kind === 'pool') continue;
    if (layer.kind === 'neurons') neurons += shapeSize(layer.shape);
    for (const { operator } of layer.terms) weights += operator.weights.length;
  }
  return { layers: layers.length, neurons, weights };
}

/** "λ from 0.812 to 5.21 (readout 18.3)" */
function scaleRange(network: SpikingNetwork): string {
  const { layers } = network;
  const text = (scale: number) => String(Number(scale.toPrecision(3)));
  const all = layers.flatMap(({ kind }, l) => (kind === 'neurons' ? [...scalesAt(network, l)] : []));
  const [scale] = scalesAt(network, layers.length - 1);
  const range = all.length === 0 ? '' : `λ from ${text(Math.min(...all))} to ${text(Math.max(...all))}, `;
  return `${range}of the readout ${text(scale)}`;
}
