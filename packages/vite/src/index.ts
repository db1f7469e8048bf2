/**
 * Imports of Go packages in Vite: of a `.go` file, which stands for its package, or of the package's folder. Each is built
 * as `go-wasm build -emit=module` does, and is one module, however it is imported.
 *
 * @module @go-wasm/vite
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, posix, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  BuildError,
  type BuiltModule,
  buildModule,
  codeFrame,
  isInput,
  type ModuleInputs,
  moduleInputs,
} from '@go-wasm/cli';
import type { Plugin, Rollup } from 'vite';

/** What the plugin takes. */
export interface GoWasmOptions {
  /** Flags of `go-wasm build`: `['-ldflags=-s -w']`. Default: none. */
  flags?: readonly string[];
  /** Whether declarations are written beside what is imported: `main.d.go.ts`, or `index.d.ts` in a folder. Default: true. */
  types?: boolean;
}

/** A package that something has imported. */
interface GoPackage {
  folder: string;
  /** Where its declarations are to be. */
  types: Set<string>;
  inputs: ModuleInputs;
  /** The last build; undefined if something has changed since. */
  build: Promise<BuiltModule> | undefined;
}

/** The name of a package's module: of a file that need not exist, in its folder. */
const MODULE = 'package.go';

/** Stands for the place of a program beside a server's bundle, until that is known. */
const PLACE = 'go-wasm-file-';

/** The plugin. */
export function goWasm({ flags = [], types = true }: GoWasmOptions = {}): Plugin {
  /** By the id of its module. */
  const packages = new Map<string, GoPackage>();
  let cache: string;
  let serves: boolean;

  const built = (known: GoPackage): Promise<BuiltModule> => {
    known.build ??= (async () => {
      const { folder } = known;
      known.inputs = await moduleInputs({ folder, flags });
      const key = createHash('sha256').update(folder).digest('hex').slice(0, 8);
      const name = basename(folder);
      mkdirSync(join(cache, key), { recursive: true });
      const module = await buildModule({ folder, flags }, join(cache, key, `${name}.wasm`));
      for (const file of types ? known.types : []) writeChanged(file, module.declarations);
      return module;
    })();
    return known.build;
  };

  /** Forgets what a change of a file makes old. Gives the ids of those modules. */
  const change = (file: string): string[] =>
    [...packages]
      .filter(([, { inputs }]) => isInput(inputs, resolve(file)))
      .map(([id, known]) => {
        known.build = undefined;
        return id;
      });

  return {
    name: 'go-wasm',
    enforce: 'pre',

    configEnvironment(name, { consumer = name === 'client' ? 'client' : 'server' }) {
      // A server reads the program from a file beside its bundle: it must be written there.
      return consumer === 'server' ? { build: { emitAssets: true } } : undefined;
    },

    configResolved(config) {
      cache = join(config.cacheDir, 'go-wasm');
      serves = config.command === 'serve';
    },

    buildStart() {
      for (const known of packages.values()) known.build = undefined;
    },

    resolveId(source, importer) {
      if (!/^[./]/.test(source) || importer === undefined) return undefined;
      const path = resolve(dirname(importer.replace(/[?#].*/, '')), source);
      const found = findPackage(path);
      if (!found) return undefined;
      const id = join(found.folder, MODULE).replaceAll('\\', '/');
      const known = packages.get(id);
      if (known) known.types.add(found.types);
      else {
        const inputs = { folders: [found.folder], files: [] };
        packages.set(id, { folder: found.folder, types: new Set([found.types]), inputs, build: undefined });
      }
      return id;
    },

    async load(id) {
      const known = packages.get(id);
      if (!known) return undefined;
      let module: BuiltModule;
      try {
        module = await built(known);
      } catch (error) {
        known.build = undefined;
        this.error(asPluginError(error));
      } finally {
        const { folders, files } = known.inputs;
        // A folder that is outside of Vite's root is not watched by itself; in a watching build, nothing is.
        for (const file of [...files, ...folders.flatMap(goFiles)]) this.addWatchFile(file);
      }
      if (module.warnings !== '') this.warn(module.warnings);
      const { wasm, source } = module;
      if (this.environment.config.consumer === 'client') {
        // Vite knows where it will be.
        return { code: `import url from ${JSON.stringify(`${wasm}?url`)};\n${source('url')}`, map: null };
      }
      if (serves) return { code: source(JSON.stringify(pathToFileURL(wasm).href)), map: null };
      const file = this.emitFile({ type: 'asset', name: basename(wasm), source: readFileSync(wasm) });
      return { code: source(`new URL("${PLACE}${file}", import.meta.url)`), map: null };
    },

    // Vite makes a path on the web of import.meta.ROLLUP_FILE_URL_…, which a server cannot read.
    renderChunk(code, { fileName }) {
      if (!code.includes(PLACE)) return undefined;
      const places = new RegExp(`${PLACE}([\\w$-]+)`, 'g');
      const file = (reference: string) => posix.relative(posix.dirname(fileName), this.getFileName(reference));
      return { code: code.replaceAll(places, (_, reference) => file(reference)), map: null };
    },

    watchChange(file) {
      change(file);
    },

    hotUpdate({ file }) {
      const { moduleGraph } = this.environment;
      const modules = change(file).flatMap((id) => moduleGraph.getModuleById(id) ?? []);
      return modules.length > 0 ? modules : undefined;
    },
  };
}

/** The package that a path means, and where TypeScript looks for its declarations. */
function findPackage(path: string): { folder: string; types: string } | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (path.endsWith('.go') && stat?.isFile()) {
    return { folder: dirname(path), types: path.replace(/\.go$/, '.d.go.ts') };
  }
  if (!stat?.isDirectory() || goFiles(path).length === 0) return undefined;
  // A folder that JavaScript is in is JavaScript's.
  if (readdirSync(path).some((name) => /^(index\.[cm]?[jt]sx?|package\.json)$/.test(name))) return undefined;
  return { folder: path, types: join(path, 'index.d.ts') };
}

function goFiles(folder: string): string[] {
  try {
    const names = readdirSync(folder);
    return names.filter((name) => name.endsWith('.go') && !name.endsWith('_test.go')).map((name) => join(folder, name));
  } catch {
    return []; // it is gone
  }
}

function writeChanged(file: string, text: string): void {
  const old = statSync(file, { throwIfNoEntry: false });
  if (!old || readFileSync(file, 'utf8') !== text) writeFileSync(file, text);
}

/** An error as Vite shows it: with its file, line and the code around it. */
function asPluginError(error: unknown): Rollup.RollupError | string {
  if (!(error instanceof BuildError)) return error as Rollup.RollupError;
  const [problem] = error.problems;
  if (!problem) return error.message;
  const { file, line, column } = problem;
  const text = statSync(file, { throwIfNoEntry: false }) ? readFileSync(file, 'utf8') : '';
  return { message: error.message, id: file, loc: { file, line, column: column - 1 }, frame: codeFrame(text, problem) };
}
