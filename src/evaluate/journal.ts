import { type CheckpointStore, type LongWork, readKept, refuseOther, writeKept } from './checkpoint.ts';
import { differences, type Subject } from './subject.ts';

/** What work has found so far, as plain data, and where it is kept. */
export interface Journal<F extends object> {
  readonly found: Readonly<F>;
  /** Whether it is written anywhere. */
  readonly isKept: boolean;
  /** Takes more, which is written as soon as that is due, always or never. */
  readonly note: (more: Partial<F>, written?: 'due' | 'always' | 'never') => void;
}

/** Work, and where it is kept. */
interface JournalOptions {
  readonly store: CheckpointStore | null;
  readonly work: LongWork;
  /** What the work is of; null where nothing is kept. */
  readonly subject: Subject | null;
}

/** What is written of a journal. */
interface Kept<F> {
  readonly subject: Subject;
  readonly found: F;
}

/** Opens what was kept of work. @param nothing what is found before there is anything @throws OptionError for a checkpoint of another */
export function openJournal<F extends object>({ store, work, subject }: JournalOptions, nothing: F): Journal<F> {
  const kept = store && readKept<Kept<F>>(store, work);
  if (kept && subject) refuseOther(store, differences(kept.subject, subject));
  const found = { ...(kept?.found ?? nothing) };
  return {
    found,
    isKept: store !== null,
    note: (more, written = 'due') => {
      Object.assign(found, more);
      if (!store || !subject || written === 'never') return;
      if (written === 'always' || store.due()) writeKept(store, work, { subject, found });
    },
  };
}
