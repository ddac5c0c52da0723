export function bindingsOf(text: string): {
  readonly binding: number;
  readonly name: string;
  readonly type: GPUBufferBindingType;
  readonly of: string;
}[];
export function shaderModule(folder: string): string;
export function embedShaders(root?: string): boolean;
