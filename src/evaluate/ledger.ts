import type { Once } from '../convert/once.ts';
import type { SpikingNetwork } from '../network/network.ts';
import type { Hits } from './accuracy.ts';
import {
  type CheckpointStore,
  type Conversion,
  type DiagnosedDone,
  type Done,
  type Kept,
  networkOf,
  networkText,
  readCheckpoint,
  writeKept,
} from './checkpoint.ts';
import { type Digester, digester } from './digest.ts';
import type { Shard } from './shard.ts';
import { onceIn } from './stages.ts';
import { networkHash, type Subject } from './subject.ts';
import type { SpikingSums } from './sums.ts';

/** How far a way through images has come, and who is told of each batch. Who begins again, on another device say, goes on from there. */
export interface Track<S> {
  readonly done: Done<S>;
  readonly note: (images: number, sums: S) => void;
}

/** From the first image on, and nobody else is told. */
export function untracked<S>(): Track<S> {
  let done: Done<S> = { images: 0, sums: null };
  return {
    get done() {
      return done;
    },
    note: (images, sums) => {
      done = { images, sums };
    },
  };
}

/** What an evaluation has found so far, stage by stage, and where it is kept. */
export interface Ledger {
  /** What is converted already. */
  readonly conversion: Conversion | null;
  readonly converted: (conversion: Conversion) => Promise<void>;
  /** Makes the parts of a conversion. */
  readonly once: Once;
  readonly trained: Track<Hits>;
  readonly spiking: Track<SpikingSums>;
  readonly diagnosed: Track<DiagnosedDone>;
  /** null: no digest is asked for. */
  readonly digester: Digester | null;
}

/** What an evaluation is, and what of it is kept. */
interface LedgerOptions {
  readonly store: CheckpointStore | null;
  readonly digest: boolean;
  readonly shard: Shard | null;
  /** null: nothing is kept. */
  readonly subject: Subject | null;
  /** Images of the part. */
  readonly images: number;
  /** Where the trained network puts those that are not diagnosed: filled in with what is known. */
  readonly classes: Uint16Array | Uint32Array;
  /** A network that needs no conversion. */
  readonly network: SpikingNetwork | null;
}

/** Opens what was kept of an evaluation; with nothing kept it begins at the first image. @throws OptionError for a checkpoint of another */
export async function openLedger({ store, digest, shard, subject, images, classes, network }: LedgerOptions): Promise<Ledger> {
  const given = network && networkHash(network);
  const kept = store && subject && readCheckpoint(store, { subject, shard, digest, network: given });
  const bytes = Buffer.from(classes.buffer, classes.byteOffset, classes.byteLength);
  if (kept) bytes.set(Buffer.from(kept.classes, 'base64'));
  const digests = digest ? digester(images, kept?.words) : null;
  const conversion = kept?.conversion ?? null;
  const nothing = untracked<never>();
  const found = {
    network: kept?.network ?? given ?? '',
    ...{ stages: kept?.stages ?? {}, conversion },
    ...{ trained: kept?.trained ?? nothing.done, spiking: kept?.spiking ?? nothing.done },
    diagnosed: kept?.diagnosed ?? nothing.done,
  };
  const write = (): void => {
    if (!store || !subject) return;
    writeKept(store, 'eval', {
      ...{ subject, shard, digest, ...found },
      classes: bytes.toString('base64'),
      words: digests?.state() ?? null,
    } satisfies Kept);
  };
  const track = <S>(stage: 'trained' | 'spiking' | 'diagnosed'): Track<S> => ({
    get done() {
      return found[stage] as Done<S>;
    },
    note: (some, sums) => {
      Object.assign(found, { [stage]: { images: some, sums } });
      // the last batch is never kept, so that there is something to do, and to measure, for who goes on
      if (found.spiking.images + found.diagnosed.images < images && store?.due()) write();
    },
  });
  return {
    conversion: conversion && { ...conversion, network: await networkOf(conversion.network) },
    converted: async ({ network: made, ...rest }) => {
      if (!store) return;
      Object.assign(found, { stages: {}, network: networkHash(made), conversion: { ...rest, network: await networkText(made) } });
      write();
    },
    once: onceIn({
      found,
      isKept: store !== null,
      note: (more) => {
        Object.assign(found, more);
        if (store?.due()) write();
      },
    }),
    trained: track('trained'),
    spiking: track('spiking'),
    diagnosed: track('diagnosed'),
    digester: digests,
  };
}
