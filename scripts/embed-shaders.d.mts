export function shaderModule(folder: string): string;
export function embedShaders(root?: string): boolean;
