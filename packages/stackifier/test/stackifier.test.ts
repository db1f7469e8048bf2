import { testStructurer } from '../../cfg/test/support/suite.ts';
import { stackifier } from '../src/index.ts';

testStructurer(stackifier);
