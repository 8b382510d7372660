declare module "keyless-wasm" {
  export function initSync(module: { module: BufferSource }): void;
  export function lint(text: string, fileName: string, knownVariables: string[]): string;
}
