import type { Sweep } from '../evaluate/swept.ts';
import type { SweepPicture } from '../plot/sweep.ts';
import { wayText, whole } from './text.ts';

/** The picture of a sweep: accuracy of every K over T, a panel for each way to choose scales. */
export const sweepPicture = (sweep: Sweep): SweepPicture => ({
  title: `${sweep.model} on ${sweep.dataset}`,
  subtitle: `${whole(sweep.images)} images; bars: standard error of the difference to the ANN`,
  annTop1: sweep.ann.top1,
  points: sweep.rows.map((row) => ({
    panel: wayText(row),
    series: `K = ${row.phaseBits}`,
    t: row.t,
    top1: row.top1,
    error: row.loss.standardError ?? 0,
  })),
});
