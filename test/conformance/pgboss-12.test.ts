import { conformance } from '../../src/testkit/index.ts';
import { pgBossBench } from './pgboss-bench.ts';

conformance('pg-boss 12', () => pgBossBench('12'));
