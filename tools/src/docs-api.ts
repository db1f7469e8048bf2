/** `npm run docs:api`: writes the API reference of the packages in `packages`, from their docstrings, to docs/api. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Application, type DeclarationReflection, type TypeDocOptions } from 'typedoc';
import type { PluginOptions } from 'typedoc-plugin-markdown';
import { root } from './paths.ts';

const packages = ['wasm', 'cfg', 'stackifier', 'relooper', 'asyncify', 'lift', 'linker', 'runtime', 'vite', 'cli'];
const entryPoints = [
  ...packages.map((name) => join(root, `packages/${name}/src/index.ts`)),
  ...['linker/src/targets.ts', 'runtime/src/node.ts'].map((path) => join(root, 'packages', path)),
];

/** Where the reference is kept. */
export const reference: string = join(root, 'docs/api');

/**
 * Writes the reference to a folder, whose contents it replaces: the same sources give the same files.
 *
 * @throws Error where a docstring links to nothing, or something public has a type that is not exported.
 */
export async function writeReference(folder: string): Promise<void> {
  const options: TypeDocOptions & PluginOptions = {
    out: folder,
    name: 'API reference',
    plugin: ['typedoc-plugin-markdown'],
    tsconfig: join(root, 'tools/tsconfig.api.json'),
    entryPoints,
    sort: ['source-order'],
    sortEntryPoints: false,
    // `npm run typecheck` is for that.
    skipErrorChecking: true,
    treatWarningsAsErrors: true,
    logLevel: 'Warn',
    validation: { notExported: true, invalidLink: true, notDocumented: false },
    excludeExternals: true,
    readme: 'none',
    disableSources: true,
    router: 'module',
    excludeScopesInPaths: true,
    hidePageHeader: true,
    hideBreadcrumbs: true,
    parametersFormat: 'table',
    enumMembersFormat: 'table',
    interfacePropertiesFormat: 'table',
    classPropertiesFormat: 'table',
  };
  const app = await Application.bootstrapWithPlugins(options);
  const project = await app.convert();
  if (project !== undefined) {
    app.validate(project);
    for (const module of project.children ?? [])
      for (const exported of module.children ?? []) checkDocumented(app, exported);
    await app.generateOutputs(project);
  }
  if (project === undefined || app.logger.hasErrors() || app.logger.hasWarnings())
    throw new Error('the docstrings are not sound: see above');
}

/** Members whose names and types say all need no docstring; what a package exports does. */
function checkDocumented({ logger }: Application, exported: DeclarationReflection): void {
  const documented = [exported, ...(exported.signatures ?? [])].some((reflection) => reflection.hasComment());
  // What another page has is described there.
  if (!documented && !exported.isReference()) logger.warn(`${exported.getFullName()} has no docstring`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await writeReference(reference);
