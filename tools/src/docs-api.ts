/** `npm run docs:api`: writes the API reference of the packages in tools/tsconfig.api.json, from their docstrings, to docs/api. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Application, type TypeDocOptions } from 'typedoc';
import type { PluginOptions } from 'typedoc-plugin-markdown';
import { root } from './paths.ts';

const packages = ['cfg', 'stackifier', 'relooper'];

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
    entryPoints: packages.map((name) => join(root, `packages/${name}/src/index.ts`)),
    sort: ['source-order'],
    sortEntryPoints: false,
    // `npm run typecheck` is for that.
    skipErrorChecking: true,
    treatWarningsAsErrors: true,
    logLevel: 'Warn',
    validation: { notExported: true, invalidLink: true, notDocumented: true },
    // All but the members of enumerations, which are described together.
    requiredToBeDocumented: [
      'Variable',
      'Function',
      'Class',
      'Interface',
      'Property',
      'Method',
      'Accessor',
      'TypeAlias',
      'Enum',
    ],
    packagesRequiringDocumentation: packages.map((name) => `@go-wasm/${name}`),
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
    await app.generateOutputs(project);
  }
  if (project === undefined || app.logger.hasErrors() || app.logger.hasWarnings())
    throw new Error('the docstrings are not sound: see above');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await writeReference(reference);
