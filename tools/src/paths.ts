import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const root: string = fileURLToPath(new URL('../..', import.meta.url));

/** What the tools write: reports, tables, and the state that lets a long run go on where it stopped. Not committed. */
export const results: string = fileURLToPath(new URL('../../results/', import.meta.url));
