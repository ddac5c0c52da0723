import fc from 'fast-check';

/** A property that fails has told the mutant; the smallest case that fails is not looked for. */
fc.configureGlobal({ endOnFailure: true });
