import type { SpikingNeurons } from '../network/network.ts';
import { layerMacs } from '../network/work.ts';
import type { Choice } from '../plan/choices.ts';
import { arithmeticConditions } from './arithmetic.ts';
import { areaOf, runsAlongRows, TILE, tilesOf } from './geometry.ts';
import type { Dispatch, KernelName, Share } from './kernel.ts';
import { kindsOf, type Ways, waysOf } from './ways.ts';
import { layerParameters, type WordsContext } from './words.ts';

/** How a layer of `accumulate` is computed. */
export interface Accumulated extends Choice {
  readonly form: keyof typeof TILES;
  /** Packed dot products, and matrix units of bytes, take words and weights as signed bytes. */
  readonly signed: boolean;
}

/** What lies along y of a dispatch, in output channels, and the columns (pixels or images) of an invocation. */
interface Tile {
  readonly kernel: KernelName;
  readonly channels: number;
  readonly columns: number;
}

/** The tiles of every form; of the tiled ones, a workgroup's channels. */
const TILES: { readonly [form in Exclude<Choice['form'], 'depthwise'>]: Tile } = {
  registers: { kernel: 'accumulate', channels: 8, columns: 8 },
  '8x4': { kernel: 'accumulate-small', channels: 8, columns: 4 },
  '4x4': { kernel: 'accumulate-small', channels: 4, columns: 4 },
  tiled: { kernel: 'accumulate-tiled', channels: 64, columns: 8 },
  matrix: { kernel: 'accumulate-matrix', channels: 64, columns: 8 },
};
/** Of `accumulate` where terms have stride 2. */
const DEEP: Tile = { kernel: 'accumulate', channels: 16, columns: 4 };

/**
 * One layer of bistable neurons, all images and waves: a dispatch for every share of its weights (`shaders/accumulate.wgsl`,
 * and beside it `accumulate-small`, `-tiled` and `-matrix`).
 * @param membranes first entry where membranes are kept; null where they are not
 */
export function accumulate(
  context: WordsContext,
  layer: SpikingNeurons,
  l: number,
  choice: Accumulated,
  shares: readonly Share[],
  table: Share,
  membranes: number | null,
): Dispatch[] {
  const { network, batch, waves } = context;
  const { shape, name } = layer;
  const shared = choice.form === 'tiled' || choice.form === 'matrix';
  const kinds = kindsOf(layer, !shared && runsAlongRows(shape.width), choice.form !== 'registers');
  const ways = waysOf(network, layer, kinds);
  const { kernel, channels, columns } = ways.deep ? DEEP : TILES[choice.form];
  const common = layerParameters(context, layer, l, kinds, columns);
  const { lanes, tilesX } = common as { lanes: number; tilesX: number };
  const macs = layerMacs(layer) * batch * waves;
  return shares.map(
    (share): Dispatch => ({
      kernel,
      layer: l,
      name,
      variant: {
        ...(shared ? tiledVariant(choice, ways) : registerVariant(choice, ways, share, table)),
        keepMembranes: membranes !== null,
      },
      parameters: { ...common, membranes: membranes ?? 0, firstTile: share.first, tiles: share.tiles },
      ranges: { weights: share.range, channels: table.range },
      invocations: shared ? areaOf(shape) * batch : lanes * tilesX * shape.height,
      tiles: Math.ceil((share.tiles * TILE) / channels),
      macs: (macs * share.tiles) / tilesOf(shape.channels),
    }),
  );
}

const registerVariant = ({ form, arithmetic, signed }: Accumulated, ways: Ways, share: Share, table: Share) => ({
  ...ways,
  ...(form !== 'registers' && { eight: form === '8x4' }),
  ...arithmeticConditions(arithmetic, ways.three, signed),
  uniformWeights: share.uniform,
  uniformTable: table.uniform,
  broadcast: form === 'registers',
});

/** Matrix units have an arithmetic of their own (`matrixConditions`), and ask only whether bytes are signed. */
const tiledVariant = ({ form, arithmetic, signed }: Accumulated, { identity }: Ways) => ({
  ...(form === 'matrix' ? { matrix: true, signedDot: signed } : arithmeticConditions(arithmetic, false, signed)),
  ...{ identity, pixels: false, deep: false, broadcast: false },
});
