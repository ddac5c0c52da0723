import type { PhaseChoice } from '../convert/choose-phases.ts';
import { OptionError } from '../errors.ts';
import type { SpikingNetwork } from '../network/network.ts';
import type { Hits } from './accuracy.ts';
import type { DigestState } from './digest.ts';
import type { Note } from './notes.ts';
import { type Shard, shardText } from './shard.ts';
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

/** What an evaluation has found, with all that it needs to go on: plain data. */
export interface Kept {
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
const VERSION = 1;

/** With a digest of itself: what was changed since, or cut, is no checkpoint. */
export const writeCheckpoint = (store: CheckpointStore, kept: Kept): void =>
  store.write(`${JSON.stringify({ format: FORMAT, version: VERSION, sha256: hashOf(asJson(kept)), kept })}\n`);

/** As it comes back from JSON, which has no undefined and no −0. */
const asJson = (kept: Kept): unknown => JSON.parse(JSON.stringify(kept));

/** What a store has; null where it has nothing yet. @throws OptionError where that is something else, or of something else */
export function readCheckpoint(store: CheckpointStore, expected: Expected): Kept | null {
  const text = store.read();
  if (text === null) return null;
  const kept = keptIn(text);
  if (kept === null) {
    const what = 'is no checkpoint of this version, or was changed or cut';
    throw new OptionError('checkpoint', store.name, what, 'name another file, or remove it and begin anew');
  }
  const [difference] = [
    ...differences(kept.subject, expected.subject),
    ...(expected.network !== null && kept.network !== expected.network ? ['the spiking networks differ'] : []),
    ...unequal('the part', partText(kept.shard), partText(expected.shard)),
    ...unequal('option digest', String(kept.digest), String(expected.digest)),
  ];
  if (difference === undefined) return kept;
  const what = `is of another evaluation: ${difference} (there and here)`;
  throw new OptionError('checkpoint', store.name, what, 'name another file, or go on with the same model, images and options');
}

const partText = (shard: Shard | null): string => (shard ? shardText(shard) : 'the whole');

const unequal = (name: string, a: string, b: string): string[] => (a === b ? [] : [`${name} is ${a} and ${b}`]);

function keptIn(text: string): Kept | null {
  try {
    const { format, version, sha256, kept } = JSON.parse(text);
    return format === FORMAT && version === VERSION && sha256 === hashOf(kept) ? kept : null;
  } catch {
    return null;
  }
}
