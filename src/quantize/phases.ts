import type { Ann, AnnLayer } from '../ann/ann.ts';
import { ConversionError, OptionError } from '../errors.ts';
import { depths } from './joins.ts';

const REMEDY = 'choose K from 1 to 8; 4 is a good start';

/**
 * K by depth, K_0 … K_{D−1} (specification, section 6): from one number for all, or one a depth. All layers of a depth share it.
 * @param depth of each layer
 * @throws OptionError for numbers out of range or another number of them, ConversionError for a layer that no depth of them is for
 */
export function phasesByDepth(ann: Ann, depth: readonly number[], phaseBits: number | readonly number[]): number[] {
  const deepest = depth[depth.length - 1];
  const wanted = typeof phaseBits === 'number' ? new Array<number>(deepest).fill(phaseBits) : [...phaseBits];
  if (wanted.length !== deepest) {
    throw new OptionError(
      'phaseBits',
      'phaseBits',
      `${wanted.length} numbers for "${ann.name}", whose readout has depth ${deepest}`,
      `give one for all, or ${deepest}: of the input's window, then of depths 1 to ${deepest - 1}`,
    );
  }
  wanted.forEach((K, d) => {
    if (Number.isInteger(K) && K >= 1 && K <= 8) return;
    const which = typeof phaseBits === 'number' ? '' : d === 0 ? " (the input's window)" : ` (depth ${d})`;
    throw new OptionError('phaseBits', 'phaseBits', `${K}${which} is not an integer from 1 to 8`, REMEDY);
  });
  const late = depth.findIndex((d, l) => d >= deepest && l < depth.length - 1);
  if (late >= 0) {
    throw new ConversionError(
      'unread',
      `layer "${ann.layers[late].name}"`,
      `depth ${depth[late]} is not before the readout's, ${deepest}: the readout does not depend on it`,
      'leave it out',
    );
  }
  return wanted;
}

/** Whether words of so many bits are a quantised layer's own steps, every one of them. */
export const wordsAreSteps = (layer: AnnLayer, phases: number | undefined): boolean =>
  layer.kind === 'neurons' && layer.bits !== undefined && layer.bits === phases;

/** K by depth that quantised layers ask for: the bits of their steps, at the input's window those of depth 1; null where none does. */
export function phasesOfSteps(ann: Ann): (number | null)[] {
  const depth = depths(ann);
  const found = new Array<number | null>(depth[depth.length - 1]).fill(null);
  ann.layers.forEach((layer, l) => {
    if (layer.kind === 'neurons' && layer.bits !== undefined) found[depth[l]] = Math.max(found[depth[l]] ?? 0, layer.bits);
  });
  if (found.length > 1) found[0] = found[1];
  return found;
}
