declare module 'wgsl-preprocessor/wgsl-preprocessor.js' {
  /** Template tag: resolves #if ${x} / #elif ${x} / #else / #endif. */
  export function wgsl(strings: TemplateStringsArray, ...values: unknown[]): string;
}
