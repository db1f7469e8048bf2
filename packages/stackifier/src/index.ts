export { stackifier } from './stackifier.ts';
