import { conformance } from '../../src/testkit/index.ts';
import { plainBench, prismaBench } from './own-tables-bench.ts';

// With a table of dead letters, ids that the client makes and times without a zone.
conformance('own tables as Prisma makes them', prismaBench);
// Failures in place, numbers as ids, names that must be quoted, a generated column.
conformance('own tables written by hand', plainBench);
