import type { SpikingNeurons } from '../network/network.ts';
import { layerMacs } from '../network/work.ts';
import type { Choice } from '../plan/choices.ts';
import { arithmeticConditions } from './arithmetic.ts';
import { areaOf, runsAlongRows, tilesOf } from './geometry.ts';
import { type Dispatch, NO_MATRIX, type Share } from './kernel.ts';
import { kindsOf, type Ways, waysOf } from './ways.ts';
import { layerParameters, type WordsContext } from './words.ts';

/** Columns (pixels or images) that one invocation of `accumulate` computes. */
const COLUMNS = 8;
/** The same where it has 16 channels instead of 8. */
const DEEP_COLUMNS = 4;
/** Tiles of 8 channels that a workgroup of the tiled forms computes. */
const SHARED_TILES = 8;

/**
 * One layer of bistable neurons, all images and waves: a dispatch for every share of its weights (`shaders/accumulate.wgsl`,
 * `shaders/accumulate-tiled.wgsl`).
 * @param membranes first entry where membranes are kept; null where they are not
 */
export function accumulate(
  context: WordsContext,
  layer: SpikingNeurons,
  l: number,
  choice: Choice,
  shares: readonly Share[],
  table: Share,
  membranes: number | null,
): Dispatch[] {
  const { network, batch, waves } = context;
  const { shape, name } = layer;
  const registers = choice.form === 'registers';
  const alongRows = registers && runsAlongRows(shape.width);
  const ways = waysOf(network, layer, alongRows);
  const common = layerParameters(context, layer, l, kindsOf(layer, alongRows), ways.deep ? DEEP_COLUMNS : COLUMNS);
  const { lanes, tilesX } = common as { lanes: number; tilesX: number };
  const macs = layerMacs(layer) * batch * waves;
  return shares.map(
    (share): Dispatch => ({
      kernel: registers ? 'accumulate' : 'accumulate-tiled',
      layer: l,
      name,
      variant: {
        ...(registers ? registerVariant(choice, ways, share, table) : tiledVariant(choice, ways)),
        keepMembranes: membranes !== null,
      },
      parameters: { ...common, membranes: membranes ?? 0, firstTile: share.first, tiles: share.tiles },
      ranges: { weights: share.range, channels: table.range },
      invocations: registers ? lanes * tilesX * shape.height : areaOf(shape) * batch,
      tiles: Math.ceil(share.tiles / (registers ? (ways.deep ? 2 : 1) : SHARED_TILES)),
      macs: (macs * share.tiles) / tilesOf(shape.channels),
    }),
  );
}

const registerVariant = ({ arithmetic }: Choice, ways: Ways, share: Share, table: Share) => ({
  ...ways,
  ...arithmeticConditions(arithmetic, ways.three),
  uniformWeights: share.uniform,
  uniformTable: table.uniform,
  broadcast: true,
});

/** Matrix units have an arithmetic of their own. */
const tiledVariant = ({ form, arithmetic }: Choice, { identity }: Ways) => ({
  ...NO_MATRIX,
  ...arithmeticConditions(arithmetic),
  ...{ matrix: form === 'matrix', identity, pixels: false, deep: false, broadcast: false },
});
