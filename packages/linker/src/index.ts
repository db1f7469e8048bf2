export { type LinkOptions, type LinkReport, type LinkResult, link } from './link.ts';
