import * as cfg from '@go-wasm/cfg';
import { testReadme } from '../../cfg/test/support/readme.ts';
import * as stackifier from '../src/index.ts';

testReadme(new URL('../README.md', import.meta.url), { '@go-wasm/cfg': cfg, '@go-wasm/stackifier': stackifier });
