/** Loaded on demand by way of this module: a dynamic import of a CommonJS package loses its names in the bundle. */
export { isMap, isSeq, LineCounter, parseDocument } from 'yaml';
