import { testStructurer } from '../../cfg/test/support/suite.ts';
import { relooper } from '../src/index.ts';

testStructurer(relooper);
