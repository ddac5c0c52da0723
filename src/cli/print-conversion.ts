import { shapeSize } from '../ann/ann.ts';
import type { ConvertedModel } from '../evaluate/convert-model.ts';
import { phaseBitsOf, type SpikingNetwork } from '../network/network.ts';
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
function scaleRange({ layers }: SpikingNetwork): string {
  const of = (kind: 'neurons' | 'readout') => layers.flatMap((layer) => (layer.kind === kind ? [layer.scale] : []));
  const text = (scale: number) => String(Number(scale.toPrecision(3)));
  const all = of('neurons');
  const range = all.length === 0 ? '' : `λ from ${text(Math.min(...all))} to ${text(Math.max(...all))}, `;
  return `${range}of the readout ${text(of('readout')[0])}`;
}
