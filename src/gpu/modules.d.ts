declare module 'wgsl-preprocessor/wgsl-preprocessor.js' {
  /** Template tag: resolves #if ${x} / #elif ${x} / #else / #endif. */
  export function wgsl(strings: TemplateStringsArray, ...values: unknown[]): string;
}

declare module 'wgsl_reflect/wgsl_reflect.module.js' {
  // the package's own entry for Node is CommonJS under "type": "module" and does not load
  export * from 'wgsl_reflect';
}
