import type { Options } from 'tsup';
import { library } from '../../tsup.base.ts';

const options: Options = { ...library(), entry: ['src/index.ts', 'src/host/jspi.ts', 'src/targets.ts'] };

export default options;
