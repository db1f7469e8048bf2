/** Binaryen, as far as it is the same for all who use it. Declarations must do without its types: it may not be installed. */
import { UnsupportedError } from '@go-wasm/wasm';

/** What is used of it here. */
export interface BinaryenLike<Module> {
  readBinary(data: Uint8Array): Module;
  getOptimizeLevel(): number;
  setOptimizeLevel(level: number): void;
  getShrinkLevel(): number;
  setShrinkLevel(level: number): void;
  getDebugInfo(): boolean;
  setDebugInfo(on: boolean): void;
  setPassArgument(key: string, value: string | null): void;
}

/** How Binaryen reads and optimizes a module; `passArguments` are by name, as in `--pass-arg`. */
export interface TransformSettings {
  /** What the module may make use of: of Binaryen's `Features`. */
  features: number;
  /** 0 to 4. */
  optimize: number;
  /** 0 to 2. */
  shrink: number;
  /** Whether names are written; as it is set without it. */
  debugInfo?: boolean;
  passArguments?: Readonly<Record<string, string>>;
}

/**
 * Binaryen, where it is installed. Its type is the caller's to name: declarations must do without it.
 *
 * @param what needs it, for the error.
 * @throws UnsupportedError if `binaryen` is not installed.
 */
export async function loadBinaryen<T>(what: string): Promise<T> {
  try {
    return (await import('binaryen')).default as T;
  } catch (cause) {
    throw new UnsupportedError('GW2201', `${what} needs Binaryen, which is not installed`, {
      hint: 'npm install binaryen',
      cause,
    });
  }
}

/** What `run` makes of a module. Binaryen's settings, which are global, are as they were afterwards. */
export function transform<Module extends { emitBinary(): Uint8Array; dispose(): void }>(
  binaryen: BinaryenLike<Module>,
  input: Uint8Array,
  { features, optimize, shrink, debugInfo, passArguments = {} }: TransformSettings,
  run: (module: Module) => void,
): Uint8Array {
  const before = [binaryen.getOptimizeLevel(), binaryen.getShrinkLevel(), binaryen.getDebugInfo()] as const;
  // The declarations lack the second parameter.
  const read = binaryen.readBinary as (data: Uint8Array, features: number) => Module;
  const module = read(input, features);
  try {
    binaryen.setOptimizeLevel(optimize);
    binaryen.setShrinkLevel(shrink);
    if (debugInfo !== undefined) binaryen.setDebugInfo(debugInfo);
    for (const [key, value] of Object.entries(passArguments)) binaryen.setPassArgument(key, value);
    run(module);
    return module.emitBinary();
  } finally {
    binaryen.setOptimizeLevel(before[0]);
    binaryen.setShrinkLevel(before[1]);
    binaryen.setDebugInfo(before[2]);
    for (const key of Object.keys(passArguments)) binaryen.setPassArgument(key, null);
    module.dispose();
  }
}
