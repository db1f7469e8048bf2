import type { Options } from 'tsup';
import { library } from '../../tsup.base.ts';

const options: Options = {
  ...library(),
  entry: ['src/index.ts', 'src/bind.ts', 'src/node.ts'],
  // What browsers, Deno and Bun of the last years run as well.
  target: 'es2022',
};

export default options;
