import { type Check, FUNCTION, object, TEXT } from '../checks.ts';
import type { PhaseChoice } from '../convert/choose-phases.ts';
import { OptionError } from '../errors.ts';
import type { SpikingNetwork } from '../network/network.ts';
import { loadNetwork } from '../network/saved/load.ts';
import { saveNetwork } from '../network/saved/save.ts';
import type { Hits } from './accuracy.ts';
import type { DigestState } from './digest.ts';
import type { Note } from './notes.ts';
import { type Shard, shardText } from './shard.ts';
import type { StagesSoFar } from './stages.ts';
import { differences, hashOf, type Subject } from './subject.ts';
import type { DiagnosedSums, SpikingSums } from './sums.ts';

/** Where a checkpoint is kept: one text, written whole or not at all. */
export interface CheckpointStore {
  /** What errors call it. */
  readonly name: string;
  /** null: there is none yet. */
  readonly read: () => string | null;
  /** Whether it is time to write again; asked for after each batch. */
  readonly due: () => boolean;
  readonly write: (text: string) => void;
}

/** A store that a caller hands in. */
export const CHECKPOINT: Check = object(
  'a store of one text: name, read, due, write',
  ({ name, ...calls }) => TEXT.accepts(name) && [calls.read, calls.due, calls.write].every(FUNCTION.accepts),
);

/** How far a network's way through its images is. */
export interface Done<S> {
  readonly images: number;
  /** null before the first. */
  readonly sums: S | null;
}

/** A converted network, and what was found on the way. */
export interface Conversion {
  readonly network: SpikingNetwork;
  readonly phaseChoice: PhaseChoice | null;
  readonly notes: readonly Note[];
}

/** What both networks gave for images that were diagnosed. */
export interface DiagnosedDone extends DiagnosedSums {
  readonly trained: Hits;
  readonly spiking: SpikingSums;
}

/** What an evaluation has found, with all that it needs to go on: plain data. The stages are those of a conversion, until that is done. */
export interface Kept extends StagesSoFar {
  readonly subject: Subject;
  readonly shard: Shard | null;
  readonly digest: boolean;
  /** SHA-256 of the spiking network. */
  readonly network: string;
  /** The network as a file's bytes in base64, with what was found on the way; null where it was not converted here. */
  readonly conversion: (Omit<Conversion, 'network'> & { readonly network: string }) | null;
  /** Where the trained network puts the images that are not diagnosed: bytes in base64. */
  readonly classes: string;
  readonly trained: Done<Hits>;
  readonly spiking: Done<SpikingSums>;
  readonly diagnosed: Done<DiagnosedDone>;
  readonly words: DigestState | null;
}

/** What a checkpoint must be of. */
export type Expected = Pick<Kept, 'subject' | 'shard' | 'digest'> & { readonly network: string | null };

const FORMAT = 'bsnn checkpoint';
const VERSION = 2;

/** Long work that keeps checkpoints, as the command is called. */
export type LongWork = 'eval' | 'compare' | 'convert' | 'sweep' | 'tune';

/** With a digest of itself: what was changed since, or cut, is no checkpoint. */
export const writeKept = (store: CheckpointStore, work: LongWork, kept: object): void =>
  store.write(`${JSON.stringify({ format: FORMAT, version: VERSION, work, sha256: hashOf([work, asJson(kept)]), kept })}\n`);

/** As it comes back from JSON, which has no undefined and no −0. */
const asJson = (kept: object): unknown => JSON.parse(JSON.stringify(kept));

/** What a store has of a kind of work, as it was written; null where it has nothing yet. @throws OptionError where that is something else */
export function readKept<K>(store: CheckpointStore, work: LongWork): K | null {
  const text = store.read();
  if (text === null) return null;
  const found = keptIn(text);
  if (found === null) {
    const what = 'is no checkpoint of this version, or was changed or cut';
    throw new OptionError('checkpoint', store.name, what, 'name another file, or remove it and begin anew');
  }
  refuseOther(store, unequal('the command', found.work, work));
  return found.kept as K;
}

/** @throws OptionError with the first difference, where there is one */
export function refuseOther(store: CheckpointStore, [difference]: readonly string[]): void {
  if (difference === undefined) return;
  const what = `is of other work: ${difference} (there and here)`;
  throw new OptionError('checkpoint', store.name, what, 'name another file, or go on with the same model, images and options');
}

/** What a store has of an evaluation; null where it has nothing yet. @throws OptionError where that is something else, or of something else */
export function readCheckpoint(store: CheckpointStore, expected: Expected): Kept | null {
  const kept = readKept<Kept>(store, 'eval');
  if (kept === null) return null;
  refuseOther(store, [
    ...differences(kept.subject, expected.subject),
    ...(expected.network !== null && kept.network !== expected.network ? ['the spiking networks differ'] : []),
    ...unequal('the part', partText(kept.shard), partText(expected.shard)),
    ...unequal('option digest', String(kept.digest), String(expected.digest)),
  ]);
  return kept;
}

const partText = (shard: Shard | null): string => (shard ? shardText(shard) : 'the whole');

const unequal = (name: string, a: string, b: string): string[] => (a === b ? [] : [`${name} is ${a} and ${b}`]);

function keptIn(text: string): { readonly work: string; readonly kept: unknown } | null {
  try {
    const { format, version, work, sha256, kept } = JSON.parse(text);
    return format === FORMAT && version === VERSION && sha256 === hashOf([work, kept]) ? { work, kept } : null;
  } catch {
    return null;
  }
}

/** A network as text: the bytes of its file in base64. */
export const networkText = async (network: SpikingNetwork): Promise<string> =>
  Buffer.from(await saveNetwork(network)).toString('base64');

/** The network of a text. */
export const networkOf = (text: string): Promise<SpikingNetwork> => loadNetwork(Buffer.from(text, 'base64'));
