import * as cfg from '@go-wasm/cfg';
import { testReadme } from './support/readme.ts';

testReadme(new URL('../README.md', import.meta.url), { '@go-wasm/cfg': cfg });
