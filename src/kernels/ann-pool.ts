import { type Ann, type AnnPool, sourceShape } from '../ann/ann.ts';
import { cellsOf, windowParameters } from './geometry.ts';
import { type Dispatch, PLAIN } from './kernel.ts';

/** Maximum or mean over windows (`shaders/ann-pool.wgsl`). @param cells first cell of each layer, the input's first @param exact in integers */
export function annPool(ann: Ann, layer: AnnPool, l: number, batch: number, cells: readonly number[], exact: boolean): Dispatch {
  const from = sourceShape(ann, layer.source);
  return {
    ...PLAIN,
    kernel: 'ann-pool',
    layer: l,
    name: layer.name,
    variant: { maximum: layer.mode === 'max', exact },
    parameters: {
      ...layer.shape,
      batch,
      source: cells[layer.source + 1],
      sourceHeight: from.height,
      sourceWidth: from.width,
      destination: cells[l + 1],
      ...windowParameters(layer.window),
      countPadding: layer.countIncludePad ? 1 : 0,
    },
    invocations: cellsOf(layer.shape) * batch,
  };
}
