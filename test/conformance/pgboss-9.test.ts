import { conformance } from '../../src/testkit/index.ts';
import { pgBossBench } from './pgboss-bench.ts';

// it is only read: what writes is skipped with that reason
conformance('pg-boss 9', () => pgBossBench('9'));
