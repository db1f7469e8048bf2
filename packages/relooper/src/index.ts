export { printShapes, relooper } from './relooper.ts';
