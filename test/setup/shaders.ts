import { embedShaders } from '../../scripts/embed-shaders.mjs';

/** Vitest's global set-up: the shaders' text is generated before any test file is read. */
export default function setup(): void {
  embedShaders();
}
