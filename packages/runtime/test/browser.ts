/** The browsers that tests of pages run in. */

import { type Engine, findEngine } from '../../../tools/src/engines.ts';
import type { BrowserName } from '../../cli/src/browser.ts';

export type { File } from '../../../tools/src/pages.ts';
export { visit } from '../../../tools/src/pages.ts';

/** A browser, and the title of its tests. */
export interface Tried {
  name: BrowserName;
  engine: Engine | undefined;
  title: string;
}

async function tried(name: BrowserName): Promise<Tried> {
  const engine = await findEngine(name);
  if (!engine) console.warn(`the tests in ${name} are skipped: it is not installed (npm run engines)`);
  return { name, engine, title: engine ? `${name} ${engine.version}` : `${name}: it is not installed` };
}

export const browsers: readonly Tried[] = await Promise.all([tried('chromium'), tried('firefox')]);
export const chromium: Engine | undefined = browsers[0]!.engine;
/** The title of tests that are skipped. */
export const whyNoChromium: string | undefined = chromium ? undefined : 'Chromium is not installed';
